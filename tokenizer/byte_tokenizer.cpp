#include "tokenizer/byte_tokenizer.h"

#include <array>

namespace tokenizer {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"};
constexpr std::array<TokenId, 1> kEnds = {byte_ids::kEnd};

constexpr std::array<char, 256> make_bytes() {
  std::array<char, 256> bytes{};
  for (int i = 0; i < 256; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(i);
  return bytes;
}
constexpr std::array<char, 256> kBytes = make_bytes();

class ByteTokenizer : public Tokenizer {
 public:
  explicit ByteTokenizer(bool with_fim) : with_fim_(with_fim) {}

  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override {
    std::vector<TokenId> ids;
    ids.reserve(text.size());
    while (!text.empty()) {
      const TokenId control = options.parse_special ? control_at(text) : -1;
      ids.push_back(control >= 0 ? control : static_cast<unsigned char>(text[0]));
      text.remove_prefix(bytes(ids.back()).size());
    }
    return ids;
  }

  std::string_view bytes(TokenId id) const override {
    if (id < 0 || id >= byte_ids::kCount) return {};
    if (id < byte_ids::kEnd) return {&kBytes[static_cast<std::size_t>(id)], 1};
    return kNames[static_cast<std::size_t>(id - byte_ids::kEnd)];
  }

  TokenKind kind(TokenId id) const override {
    if (id < 0 || id >= byte_ids::kCount) return TokenKind::Unused;
    if (id < byte_ids::kEnd) return id < 0x80 ? TokenKind::Normal : TokenKind::Byte;
    return id == byte_ids::kEnd || with_fim_ ? TokenKind::Control : TokenKind::Unused;
  }

  std::size_t vocab_size() const override { return byte_ids::kCount; }

  std::optional<TokenId> find(std::string_view content) const override {
    if (content.size() == 1) return static_cast<unsigned char>(content[0]);
    const TokenId control = control_at(content);
    return control >= 0 && bytes(control) == content ? std::optional(control) : std::nullopt;
  }

  std::optional<TokenId> bos() const override { return std::nullopt; }
  std::span<const TokenId> end_ids() const override { return kEnds; }
  std::span<const TokenId> begin_ids() const override { return {}; }

 private:
  TokenId control_at(std::string_view text) const {
    for (TokenId id = byte_ids::kEnd; id < byte_ids::kCount; ++id)
      if (kind(id) == TokenKind::Control && text.starts_with(bytes(id))) return id;
    return -1;
  }

  bool with_fim_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_byte_tokenizer(bool with_fim) { return std::make_unique<ByteTokenizer>(with_fim); }

}  // namespace tokenizer

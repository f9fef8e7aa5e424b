#include "tokenizer/charsmap.h"

#include <utf8proc.h>

#include <memory>

#include "base/utf8.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::fail;

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// A unit of Darts-clone's double array: what stands in a place of the trie.
struct Unit {
  std::uint32_t bits = 0;
  bool has_leaf() const { return (bits >> 8 & 1) != 0; }
  std::uint32_t value() const { return bits & 0x7FFFFFFF; }
  std::uint32_t label() const { return bits & (1U << 31 | 0xFF); }
  std::size_t offset() const { return std::size_t(bits >> 10) << (bits >> 6 & 8); }
};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

constexpr std::size_t kLongestTogether = 6;  // bytes: longer clusters are looked up character by character

}  // namespace

base::Result<Charsmap> Charsmap::parse(std::string_view bytes) {
  if (bytes.size() < 4) return fail(ErrorCode::InvalidInput, "precompiled rules are {} bytes long: expected 4 or more", bytes.size());
  const std::size_t size = little_endian(bytes, 0);
  if (size % 4 != 0 || size > bytes.size() - 4)
    return fail(ErrorCode::InvalidInput, "precompiled rules hold {} bytes, of which {} are said to be a trie: expected as many, in fours", bytes.size(), size);
  Charsmap out;
  out.trie_.reserve(size / 4);
  for (std::size_t at = 4; at < 4 + size; at += 4) out.trie_.push_back(little_endian(bytes, at));
  out.texts_ = std::string(bytes.substr(4 + size));
  if (!base::is_valid_utf8(out.texts_)) return fail(ErrorCode::InvalidInput, "precompiled rules write what is not UTF-8");
  return out;
}

std::optional<std::string_view> Charsmap::find(std::string_view text) const {
  if (trie_.empty()) return std::nullopt;
  std::size_t at = Unit{trie_[0]}.offset();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    at ^= byte;
    if (byte == 0 || at >= trie_.size()) return std::nullopt;
    const Unit unit{trie_[at]};
    if (unit.label() != byte) return std::nullopt;
    at ^= unit.offset();
    if (!unit.has_leaf()) continue;
    if (at >= trie_.size()) return std::nullopt;
    const std::size_t begin = Unit{trie_[at]}.value();
    if (begin >= texts_.size() || is_continuation(texts_[begin])) return std::nullopt;
    return std::string_view(texts_).substr(begin, texts_.find('\0', begin) - begin);
  }
  return std::nullopt;
}

// Cluster by cluster (UAX #29). A short one that begins with a rule's left side becomes what that writes, whole, though the rule
// may be about its first character alone: so the library does, and what the models were trained on.
std::string Charsmap::apply(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    base::Utf8Char c = base::decode_at(text, at);
    std::size_t end = at + c.length;
    utf8proc_int32_t state = 0;
    while (end < text.size()) {
      const base::Utf8Char next = base::decode_at(text, end);
      if (utf8proc_grapheme_break_stateful(utf8proc_int32_t(c.code_point), utf8proc_int32_t(next.code_point), &state)) break;
      end += next.length, c = next;
    }
    const std::string_view cluster = text.substr(at, end - at);
    const auto together = cluster.size() < kLongestTogether ? find(cluster) : std::nullopt;
    if (together) out += *together;
    for (std::size_t i = at; !together && i < end;) {
      const std::string_view one = text.substr(i, base::decode_at(text, i).length);
      out += find(one).value_or(one);
      i += one.size();
    }
    at = end;
  }
  return out;
}

Normalizer::Step to_step(Charsmap charsmap) {
  return [held = std::make_shared<const Charsmap>(std::move(charsmap))](const std::string& text, bool) { return held->apply(text); };
}

}  // namespace tokenizer

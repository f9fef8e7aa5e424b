// tokenizer.h: text to token ids and back; the interface every vocabulary implements.
// load() (load.h) makes one from a model folder or a GGUF file; encode() user text, decode() ids, stream with StreamDecoder.
// Immutable after loading: every const member may be called from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tokenizer {

using TokenId = std::int32_t;

// What a token is, as GGUF's tokenizer.ggml.token_type and tokenizer.json's added_tokens tell it.
enum class TokenKind : std::uint8_t {
  Normal,       // ordinary text
  Control,      // special: never in text shown to a user (<|endoftext|>, <fim_prefix>, <s>)
  UserDefined,  // an added token that is ordinary text (a run of spaces, <tool_call>)
  Byte,         // one raw byte (<0x0A>)
  Unknown,      // <unk>
  Unused,       // a hole in the vocabulary
};

// Whether merging a user's text may come to a token of this kind.
constexpr bool is_text(TokenKind kind) {
  return kind == TokenKind::Normal || kind == TokenKind::UserDefined || kind == TokenKind::Unused;
}

struct EncodeOptions {
  // Text such as "<fim_prefix>" becomes the special token. Off for anything a user wrote: source code may hold such text.
  bool parse_special = false;
  // The text continues earlier text: SentencePiece's dummy leading space is left out. No effect on byte-level BPE.
  bool continues = false;
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids of a text; never adds BOS or EOS. Any bytes are taken; ill-formed UTF-8 is encoded through byte tokens where the
  // vocabulary has them.
  virtual std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const = 0;
  std::vector<TokenId> encode(std::string_view text) const { return encode(text, {}); }

  // The bytes a token stands for inside a text: " for", "\n", one byte of a character. A control token gives its name
  // ("<|endoftext|>"). Empty for an id outside the vocabulary. The view lives as long as the tokenizer.
  virtual std::string_view bytes(TokenId id) const = 0;

  virtual TokenKind kind(TokenId id) const = 0;
  virtual std::size_t vocab_size() const = 0;

  // The id whose literal content is `content` ("<|fim_prefix|>", "▁the" as the vocabulary spells it).
  virtual std::optional<TokenId> find(std::string_view content) const = 0;

  // Whether a decoded text loses one leading space (SentencePiece's dummy prefix).
  virtual bool strips_leading_space() const { return false; }

  // Ids as the model's own configuration names them.
  virtual std::optional<TokenId> bos() const = 0;
  virtual std::span<const TokenId> end_ids() const = 0;  // eos, eot and the like: generation ends on any of them
  virtual std::span<const TokenId> begin_ids() const = 0;  // what a prompt starts with: bos(), [gMASK] <sop>, or nothing
  bool adds_bos() const { return !begin_ids().empty(); }

  // Text of ids; control tokens are left out unless `with_special`. decode(encode(t)) == t for well-formed UTF-8 t,
  // where the vocabulary's normalizer changes nothing.
  std::string decode(std::span<const TokenId> ids, bool with_special = false) const;
};

}  // namespace tokenizer

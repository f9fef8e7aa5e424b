#include "tokenizer/sentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/utf8.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/hf_json_parts.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::Result;
using Processor = sentencepiece::SentencePieceProcessor;

// normalizer_spec.add_dummy_prefix = false in protobuf's wire format: a message said again is merged over the earlier.
constexpr std::string_view kNoDummyPrefix("\x1A\x02\x18\x00", 4);

Result<std::unique_ptr<Processor>> load_processor(std::string_view model) {
  auto processor = std::make_unique<Processor>();
  const auto status = processor->LoadFromSerializedProto(absl::string_view(model.data(), model.size()));
  if (!status.ok()) return base::fail(ErrorCode::InvalidInput, "not a SentencePiece model: {}", status.message());
  if (processor->GetPieceSize() <= 0) return base::fail(ErrorCode::InvalidInput, "the SentencePiece model has no pieces");
  return processor;
}

TokenKind kind_of(const Processor& processor, int id) {
  if (processor.IsUnknown(id)) return TokenKind::Unknown;
  if (processor.IsControl(id)) return TokenKind::Control;
  if (processor.IsByte(id)) return TokenKind::Byte;
  if (processor.IsUnused(id)) return TokenKind::Unused;
  return TokenKind::Normal;
}

std::string bytes_of(const std::string& piece, TokenKind kind) {
  if (kind == TokenKind::Control || kind == TokenKind::Unknown) return piece;
  const auto byte = kind == TokenKind::Byte ? byte_spelled(piece) : std::nullopt;
  return byte ? std::string(1, *byte) : with_spaces(piece);
}

class SentencePieceTokenizer : public VocabularyTokenizer {
 public:
  SentencePieceTokenizer(Vocabulary vocabulary, SpecialIds special, std::unique_ptr<Processor> start, std::unique_ptr<Processor> middle)
      : VocabularyTokenizer(std::move(vocabulary), std::move(special)), start_(std::move(start)), middle_(std::move(middle)) {
    for (std::size_t i = 0; i < vocab_size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      if (kind(id) == TokenKind::Control && base::is_valid_utf8(this->vocabulary().content(id)))
        control_.add({.id = id, .content = std::string(this->vocabulary().content(id)), .control = true});
    }
    control_.build();
    bytes_.fill(-1);
    for (std::size_t i = 0; i < vocab_size(); ++i)
      if (const auto id = static_cast<TokenId>(i); kind(id) == TokenKind::Byte) bytes_[static_cast<unsigned char>(bytes(id)[0])] = id;
    std::vector<int> probe;
    adds_space_ = start_->Encode("a", &probe).ok() && !probe.empty() && bytes(probe[0]).starts_with(' ');
  }

  bool strips_leading_space() const override { return adds_space_; }

  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override {
    std::vector<TokenId> ids;
    bool at_start = !options.continues;
    std::size_t at = 0;
    for (const auto& match : control_.find(text, options.parse_special)) {
      encode_plain(text.substr(at, match.begin - at), at_start, ids);
      ids.push_back(match.id);
      at_start = true;
      at = match.end;
    }
    encode_plain(text.substr(at), at_start, ids);
    return ids;
  }

 private:
  // Ill-formed bytes and a "▁" of the user's own go to byte tokens; all between goes to the library.
  void encode_plain(std::string_view text, bool& at_start, std::vector<TokenId>& ids) const {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const base::Utf8Char c = base::decode_at(text, at);
      if (!c.valid || (text.substr(at, c.length) == kMetaspace && bytes_[0xE2] >= 0)) {
        encode_clean(text.substr(begin, at - begin), at_start, ids);
        push_bytes(text.substr(at, c.length), ids);
        at_start = false;
        begin = at + c.length;
      }
      at += c.length;
    }
    encode_clean(text.substr(begin), at_start, ids);
  }

  void encode_clean(std::string_view text, bool& at_start, std::vector<TokenId>& ids) const {
    if (text.empty()) return;
    std::vector<int> found;
    const auto status = (at_start ? *start_ : *middle_).Encode(absl::string_view(text.data(), text.size()), &found);
    at_start = false;
    if (!status.ok()) return push_bytes(text, ids);
    for (const int id : found) {
      // A marker that the file calls an ordinary piece must not come out of user text.
      if (kind(id) == TokenKind::Control) push_bytes(bytes_of(std::string(vocabulary().content(id)), TokenKind::Normal), ids);
      else ids.push_back(id);
    }
  }

  void push_bytes(std::string_view text, std::vector<TokenId>& ids) const {
    for (const char byte : text) {
      const TokenId id = bytes_[static_cast<unsigned char>(byte)];
      if (id >= 0) ids.push_back(id);
      else if (start_->unk_id() >= 0) ids.push_back(start_->unk_id());
    }
  }

  std::unique_ptr<Processor> start_, middle_;  // with and without the dummy leading space
  AddedTokenMatcher control_;
  std::array<TokenId, 256> bytes_;
  bool adds_space_ = false;
};

Result<Vocabulary> read_pieces(const Processor& processor) {
  Vocabulary vocabulary;
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    const TokenKind kind = kind_of(processor, id);
    const std::string& piece = processor.IdToPiece(id);
    if (const auto set = vocabulary.set(id, piece, bytes_of(piece, kind), kind); !set) return base::forward(set);
  }
  vocabulary.mark_markers();
  return vocabulary;
}

void begins_with_bos(SpecialIds& special) {
  special.begin.clear();
  if (special.bos) special.begin.push_back(*special.bos);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> read_sentencepiece(std::string_view model, const HfTexts& beside) {
  auto start = load_processor(model);
  if (!start) return base::forward(start);
  auto middle = load_processor(std::string(model).append(kNoDummyPrefix));
  if (!middle) return base::forward(middle);
  auto vocabulary = read_pieces(**start);
  if (!vocabulary) return base::forward(vocabulary);
  auto special = read_hf_special(beside, nullptr, *vocabulary);
  if (!special) return base::forward(special);
  if (!special->bos && (*start)->bos_id() >= 0) special->bos = (*start)->bos_id();
  if ((*start)->eos_id() >= 0) special->ends.push_back((*start)->eos_id());
  add_known_ends(*vocabulary, *special);
  // Every model family that ships this file (LLaMA, Mistral, Gemma) begins a prompt with bos unless its config says otherwise.
  if (beside.tokenizer_config.find("\"add_bos_token\"") == std::string_view::npos) begins_with_bos(*special);
  return std::make_unique<SentencePieceTokenizer>(std::move(*vocabulary), std::move(*special), std::move(*start), std::move(*middle));
}

Result<GgufVocabulary> export_sentencepiece(std::string_view model, const Tokenizer& loaded, std::int64_t size) {
  const auto processor = load_processor(model);
  if (!processor) return base::forward(processor);
  const int pieces = (*processor)->GetPieceSize();
  GgufVocabulary out;
  if (auto described = describe_tokens(loaded, size, out); !described) return base::forward(described);
  out.model = "llama";
  out.scores.assign(out.tokens.size(), 0.0F);
  for (int id = 0; id < pieces && id < std::ssize(out.tokens); ++id) {
    out.tokens[std::size_t(id)] = (*processor)->IdToPiece(id);
    out.scores[std::size_t(id)] = (*processor)->GetScore(id);
    // A merge's score is its place in the order of merging, counted down from 0; Unigram's is a logarithm.
    if (out.types[std::size_t(id)] == kNormalToken && out.scores[std::size_t(id)] != std::round(out.scores[std::size_t(id)]))
      return base::fail(ErrorCode::Unsupported, "its pieces are a Unigram model's; only BPE pieces can be written as GGUF");
  }
  name_unused_tokens(out);
  out.adds_space = loaded.strips_leading_space();
  return out;
}

}  // namespace tokenizer

#include "tokenizer/bpe_tokenizer.h"

#include "base/utf8.h"

namespace tokenizer {
namespace {

// Cuts before each "▁" that follows something else: exact where no merge joins across, and short words are fast words.
class CutBeforeMetaspace : public SplitStep {
 public:
  void split(std::string_view piece, bool, SplitContext&, std::vector<std::string_view>& out) const override {
    std::size_t begin = 0;
    for (std::size_t at = 0; (at = piece.find(kMetaspace, at)) != std::string_view::npos; at += kMetaspace.size()) {
      if (at == begin || piece.substr(0, at).ends_with(kMetaspace)) continue;
      out.push_back(piece.substr(begin, at - begin));
      begin = at;
    }
    if (begin < piece.size()) out.push_back(piece.substr(begin));
  }
};

// Which added tokens a text is searched for.
struct Matchers {
  AddedTokenMatcher raw, normalized;
};

class BpeTokenizer : public VocabularyTokenizer {
 public:
  explicit BpeTokenizer(BpeParts parts);
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override;
  bool strips_leading_space() const override { return strips_leading_space_; }

 private:
  // One call of encode(): what it reads, what it has found so far.
  struct Call {
    const Matchers& matchers;
    BpeWords words;
    SplitContext split;
    std::vector<std::string_view> pieces;
    std::vector<TokenId> ids;
  };
  void encode_text(std::string_view text, Call& call) const;
  void encode_between_added(std::string_view text, Call& call) const;
  void encode_plain(std::string_view text, Call& call) const;
  void encode_normalized(std::string_view text, Call& call) const;
  void encode_words(std::string_view text, Call& call) const;
  void push_added(TokenId id, Call& call) const;

  BpeModel model_;
  Normalizer normalizer_;
  PreTokenizer pretokenizer_;
  Matchers user_text_, all_text_;  // without and with control tokens
  bool spells_spaces_, strips_leading_space_, restarts_after_special_;
};

BpeTokenizer::BpeTokenizer(BpeParts parts)
    : VocabularyTokenizer(std::move(parts.vocabulary), std::move(parts.special)),
      model_(std::move(parts.model)),
      normalizer_(std::move(parts.normalizer)),
      spells_spaces_(parts.spells_spaces),
      strips_leading_space_(parts.strips_leading_space),
      restarts_after_special_(parts.restarts_after_special) {
  model_.index_words(vocabulary());
  const bool cut_is_exact = spells_spaces_ && !model_.merges_across_metaspace && !model_.ignore_merges && model_.has_every_byte();
  if (cut_is_exact) parts.steps.push_back(std::make_unique<CutBeforeMetaspace>());
  pretokenizer_ = PreTokenizer(std::move(parts.steps));
  for (AddedToken& token : parts.added) {
    if (token.normalized && !normalizer_.empty()) token.content = normalizer_.apply(token.content, false);
    const auto to = token.normalized ? &Matchers::normalized : &Matchers::raw;
    if (kind(token.id) == TokenKind::UserDefined) (user_text_.*to).add(token);
    (all_text_.*to).add(std::move(token));
  }
}

std::vector<TokenId> BpeTokenizer::encode(std::string_view text, EncodeOptions options) const {
  Call call{options.parse_special ? all_text_ : user_text_, BpeWords(model_, vocabulary(), text.size()), {}, {}, {}};
  call.split.at_start = !options.continues;
  call.ids.reserve(text.size() / 3);
  // Everything below may trust that it sees well-formed UTF-8: bytes that are none go straight to byte tokens.
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const base::Utf8Char c = base::decode_at(text, at);
    if (!c.valid) {
      encode_text(text.substr(begin, at - begin), call);
      call.words.encode_bytes(text.substr(at, 1), call.ids);
      call.split.at_start = false;
      begin = at + 1;
    }
    at += c.length;
  }
  encode_text(text.substr(begin), call);
  return std::move(call.ids);
}

void BpeTokenizer::encode_text(std::string_view text, Call& call) const {
  std::size_t at = 0;
  while (const auto match = call.matchers.raw.next(text, at)) {
    encode_between_added(text.substr(at, match->begin - at), call);
    push_added(match->id, call);
    at = match->end;
  }
  encode_between_added(text.substr(at), call);
}

void BpeTokenizer::push_added(TokenId id, Call& call) const {
  call.ids.push_back(id);
  call.split.at_start = restarts_after_special_ && kind(id) == TokenKind::Control;
}

// A "▁" that the user wrote is no space: only byte tokens bring it back as it was.
void BpeTokenizer::encode_between_added(std::string_view text, Call& call) const {
  if (!spells_spaces_ || !model_.has_every_byte()) return encode_plain(text, call);
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(kMetaspace, at)) != std::string_view::npos; at = found + kMetaspace.size()) {
    encode_plain(text.substr(at, found - at), call);
    call.words.encode_bytes(kMetaspace, call.ids);
    call.split.at_start = false;
  }
  encode_plain(text.substr(at), call);
}

void BpeTokenizer::encode_plain(std::string_view text, Call& call) const {
  if (text.empty()) return;
  if (normalizer_.empty()) encode_normalized(text, call);
  else encode_normalized(call.split.owned.emplace_back(normalizer_.apply(text, call.split.at_start)), call);
  call.split.at_start = false;
}

void BpeTokenizer::encode_normalized(std::string_view text, Call& call) const {
  std::size_t at = 0;
  while (const auto match = call.matchers.normalized.next(text, at)) {
    encode_words(text.substr(at, match->begin - at), call);
    push_added(match->id, call);
    at = match->end;
  }
  encode_words(text.substr(at), call);
}

void BpeTokenizer::encode_words(std::string_view text, Call& call) const {
  pretokenizer_.split(text, call.split, call.pieces);
  for (const std::string_view piece : call.pieces) call.words.encode(piece, call.ids);
}

}  // namespace

std::unique_ptr<Tokenizer> make_bpe_tokenizer(BpeParts parts) { return std::make_unique<BpeTokenizer>(std::move(parts)); }

}  // namespace tokenizer

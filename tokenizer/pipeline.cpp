#include "tokenizer/pipeline.h"

#include "base/utf8.h"

namespace tokenizer {
namespace {

// Cuts before each "▁" that follows something else: exact where no merge joins across, and short words are fast words.
class CutBeforeMetaspace : public SplitStep {
 public:
  void split(std::string_view piece, Place, SplitContext&, std::vector<std::string_view>& out) const override {
    std::size_t begin = 0;
    for (std::size_t at = 0; (at = piece.find(kMetaspace, at)) != std::string_view::npos; at += kMetaspace.size()) {
      if (at == begin || piece.substr(0, at).ends_with(kMetaspace)) continue;
      out.push_back(piece.substr(begin, at - begin));
      begin = at;
    }
    if (begin < piece.size()) out.push_back(piece.substr(begin));
  }
};

class Pipeline : public VocabularyTokenizer {
 public:
  explicit Pipeline(PipelineParts parts);
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override;
  bool strips_leading_space() const override { return strips_leading_space_; }

 private:
  // One call of encode(): what it reads, what it has found so far.
  struct Call {
    bool with_control;
    Place place;  // of what comes next
    Words words;
    SplitContext split;
    std::vector<std::string_view> pieces;
    std::vector<TokenId> ids;
  };
  void encode_text(std::string_view text, Call& call) const;
  void encode_between_added(std::string_view text, Call& call) const;
  void encode_plain(std::string_view text, Call& call) const;
  void encode_normalized(std::string_view text, Call& call) const;
  void encode_words(std::string_view text, Call& call) const;

  WordModel model_;
  Normalizer normalizer_;
  PreTokenizer pretokenizer_;
  AddedTokenMatcher raw_added_, normalized_added_;
  bool spells_spaces_, strips_leading_space_;
};

Pipeline::Pipeline(PipelineParts parts)
    : VocabularyTokenizer(std::move(parts.vocabulary), std::move(parts.special)),
      model_(std::move(parts.model)),
      normalizer_(std::move(parts.normalizer)),
      spells_spaces_(parts.spells_spaces),
      strips_leading_space_(parts.strips_leading_space) {
  model_.bpe.index_words(vocabulary());
  if (model_.unigram) model_.unigram->finish(vocabulary());
  const bool cut_is_exact = !model_.unigram && spells_spaces_ && !model_.bpe.merges_across_metaspace && !model_.bpe.ignore_merges &&
                            model_.bpe.has_every_byte();
  if (cut_is_exact) parts.steps.push_back(std::make_unique<CutBeforeMetaspace>());
  pretokenizer_ = PreTokenizer(std::move(parts.steps));
  for (AddedToken& token : parts.added) {
    if (token.normalized && !token.spelled) token.content = normalizer_.apply(token.content, true);
    token.control = kind(token.id) != TokenKind::UserDefined;
    (token.normalized ? normalized_added_ : raw_added_).add(std::move(token));
  }
  raw_added_.build();
  normalized_added_.build();
}

std::vector<TokenId> Pipeline::encode(std::string_view text, EncodeOptions options) const {
  const Place start = options.continues ? Place::Continues : Place::DocumentStart;
  Call call{options.parse_special, start, Words(model_, vocabulary(), text.size()), {}, {}, {}};
  call.ids.reserve(text.size() / 3);
  // Everything below may trust that it sees well-formed UTF-8: bytes that are none go straight to byte tokens.
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const base::Utf8Char c = base::decode_at(text, at);
    if (!c.valid) {
      encode_text(text.substr(begin, at - begin), call);
      call.words.encode_bytes(text.substr(at, 1), call.ids);
      call.place = Place::Continues;
      begin = at + 1;
    }
    at += c.length;
  }
  encode_text(text.substr(begin), call);
  return std::move(call.ids);
}

void Pipeline::encode_text(std::string_view text, Call& call) const {
  std::size_t at = 0;
  for (const auto& match : raw_added_.find(text, call.with_control)) {
    if (at < match.begin) encode_between_added(text.substr(at, match.begin - at), call);
    call.ids.push_back(match.id);
    call.place = Place::Begins;
    at = match.end;
  }
  encode_between_added(text.substr(at), call);
}

// A "▁" that the user wrote is no space: only byte tokens bring it back as it was.
void Pipeline::encode_between_added(std::string_view text, Call& call) const {
  if (!spells_spaces_ || !model_.bpe.has_every_byte()) return encode_plain(text, call);
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(kMetaspace, at)) != std::string_view::npos; at = found + kMetaspace.size()) {
    encode_plain(text.substr(at, found - at), call);
    call.words.encode_bytes(kMetaspace, call.ids);
    call.place = Place::Continues;
  }
  encode_plain(text.substr(at), call);
}

void Pipeline::encode_plain(std::string_view text, Call& call) const {
  if (text.empty()) return;
  if (normalizer_.empty()) encode_normalized(text, call);
  else encode_normalized(call.split.owned.emplace_back(normalizer_.apply(text, call.place != Place::Continues)), call);
  call.place = Place::Continues;
}

void Pipeline::encode_normalized(std::string_view text, Call& call) const {
  std::size_t at = 0;
  for (const auto& match : normalized_added_.find(text, call.with_control)) {
    if (at < match.begin) encode_words(text.substr(at, match.begin - at), call);
    call.ids.push_back(match.id);
    call.place = Place::Begins;
    at = match.end;
  }
  encode_words(text.substr(at), call);
}

void Pipeline::encode_words(std::string_view text, Call& call) const {
  pretokenizer_.split(text, call.place, call.split, call.pieces);
  for (const std::string_view piece : call.pieces) call.words.encode(piece, call.ids);
}

}  // namespace

std::unique_ptr<Tokenizer> make_pipeline(PipelineParts parts) { return std::make_unique<Pipeline>(std::move(parts)); }

}  // namespace tokenizer

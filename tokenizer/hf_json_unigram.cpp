#include <cmath>

#include "tokenizer/hf_json_parts.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::Json;
using base::Result;

// A piece that comes twice counts where it comes last, as in the `tokenizers` library; the earlier id is then a hole.
Result<void> read_piece(const Json& piece, std::size_t id, const HfDecoder& decoder, PipelineParts& parts) {
  if (!piece.is_array() || piece.size() != 2 || !piece[0].is_string() || !piece[1].is_number())
    return base::fail(ErrorCode::InvalidInput, "model.vocab[{}] is {}: expected a token and its score", id, base::dump_json(piece).substr(0, 80));
  const double score = piece[1].get<double>();
  if (!std::isfinite(score)) return base::fail(ErrorCode::InvalidInput, "model.vocab[{}]: the score is no number", id);
  parts.model.unigram->scores[id] = score;
  const auto& token = piece[0].get_ref<const std::string&>();
  const bool again = parts.vocabulary.find(token).has_value();
  const std::string name = again ? fmt::format("[UNUSED_{}]", id) : token;
  return parts.vocabulary.set(static_cast<std::int64_t>(id), name, decoder.bytes_of(name), again ? TokenKind::Unused : TokenKind::Normal);
}

}  // namespace

Result<void> read_hf_unigram(const Json& model, const HfDecoder& decoder, PipelineParts& parts) {
  const Json* vocab = base::find_field(model, "vocab");
  if (!vocab || !vocab->is_array()) return base::fail(ErrorCode::InvalidInput, "model.vocab is missing: expected an array of tokens and scores");
  if (vocab->empty()) return base::fail(ErrorCode::InvalidInput, "model.vocab is empty");
  if (vocab->size() > static_cast<std::size_t>(kMostTokens))
    return base::fail(ErrorCode::InvalidInput, "model.vocab has {} tokens: expected at most {}", vocab->size(), kMostTokens);
  parts.model.unigram.emplace().scores.resize(vocab->size());
  for (std::size_t i = vocab->size(); i-- > 0;)
    if (const auto read = read_piece((*vocab)[i], i, decoder, parts); !read) return base::forward(read, "model.vocab");
  if (const Json* unknown = base::find_field(model, "unk_id")) {
    const auto id = unknown->is_number_integer() ? unknown->get<std::int64_t>() : -1;
    if (id < 0 || id >= static_cast<std::int64_t>(vocab->size()))
      return base::fail(ErrorCode::InvalidInput, "model.unk_id is {}: expected 0 to {}", base::dump_json(*unknown).substr(0, 40), vocab->size() - 1);
    parts.model.bpe.unknown = static_cast<TokenId>(id);
    parts.vocabulary.set_kind(static_cast<TokenId>(id), TokenKind::Unknown);
  }
  const auto fallback = base::get_or<bool>(model, "byte_fallback", false);
  if (!fallback) return base::forward(fallback, "model");
  if (*fallback) parts.model.bpe.find_bytes(parts.vocabulary);
  return {};
}

}  // namespace tokenizer

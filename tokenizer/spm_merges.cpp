#include "tokenizer/spm_merges.h"

#include <algorithm>
#include <unordered_map>

#include "base/utf8.h"

namespace tokenizer {
namespace {

// The rank of each score: 0 is the best.
std::unordered_map<double, std::uint32_t> rank_scores(std::vector<double> scores) {
  std::ranges::sort(scores, std::greater<>{});
  std::unordered_map<double, std::uint32_t> ranks;
  for (const double score : scores) ranks.try_emplace(score, static_cast<std::uint32_t>(ranks.size()));
  return ranks;
}

// The symbol a piece is while merging: its token, or a number past the vocabulary for a character that is none.
TokenId symbol_of(std::string_view piece, const Vocabulary& vocabulary, BpeModel& model) {
  if (const auto id = vocabulary.find(piece); id && vocabulary.kind(*id) == TokenKind::Normal) return *id;
  if (base::decode_at(piece, 0).length != piece.size()) return -1;
  return model.add_part(vocabulary, piece);
}

}  // namespace

void add_spm_merges(const Vocabulary& vocabulary, const std::vector<double>& scores, BpeModel& model) {
  const auto ranks = rank_scores(scores);
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view token = vocabulary.content(id);
    if (vocabulary.kind(id) != TokenKind::Normal || !base::is_valid_utf8(token)) continue;
    const auto rank = ranks.find(scores[i]);
    if (rank == ranks.end()) continue;  // not a number
    for (std::size_t cut = 0; cut < token.size();) {
      cut += base::decode_at(token, cut).length;
      if (cut >= token.size()) break;
      const TokenId left = symbol_of(token.substr(0, cut), vocabulary, model);
      const TokenId right = left < 0 ? -1 : symbol_of(token.substr(cut), vocabulary, model);
      if (right >= 0) model.add_merge(vocabulary, left, right, {rank->second, id});
    }
  }
}

}  // namespace tokenizer

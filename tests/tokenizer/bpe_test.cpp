#include "tokenizer/bpe.h"

#include <map>
#include <random>

#include "support/catch.h"

using namespace tokenizer;

namespace {

// The definition itself: find the best pair from the left, join it, begin again.
std::vector<TokenId> merge_slowly(const MergeTable& table, std::vector<TokenId> symbols) {
  while (true) {
    Merge best;
    std::size_t where = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Merge merge = table.find(symbols[i], symbols[i + 1]);
      if (merge.rank < best.rank) best = merge, where = i;
    }
    if (best.rank == Merge::kNone) return symbols;
    symbols[where] = best.merged;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

}  // namespace

TEST_CASE("short and long words are joined as the definition says") {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    MergeTable table;
    TokenId next = 4;
    for (std::uint32_t rank = 0; rank < 80; ++rank)
      table.insert(static_cast<TokenId>(random() % static_cast<unsigned>(next)), static_cast<TokenId>(random() % static_cast<unsigned>(next)), {rank / 2, next++});
    for (const std::size_t length : {0u, 1u, 2u, 7u, 39u, 40u, 41u, 42u, 300u}) {
      std::vector<TokenId> symbols(length);
      for (TokenId& symbol : symbols) symbol = static_cast<TokenId>(random() % 4);
      const auto expected = merge_slowly(table, symbols);
      Merger(table).merge(symbols);
      CHECK(symbols == expected);
    }
  }
}

TEST_CASE("a merge table finds what was put in, and nothing else") {
  MergeTable table;
  std::mt19937 random(9);
  std::map<std::pair<TokenId, TokenId>, TokenId> truth;
  for (int i = 0; i < 5000; ++i) {
    const auto left = static_cast<TokenId>(random() % 200), right = static_cast<TokenId>(random() % 200);
    table.insert(left, right, {static_cast<std::uint32_t>(i), i});
    truth[{left, right}] = i;
  }
  CHECK(table.size() == truth.size());
  for (TokenId left = 0; left < 210; ++left)
    for (TokenId right = 0; right < 210; ++right) {
      const auto found = truth.find({left, right});
      if (table.find(left, right).merged != (found == truth.end() ? -1 : found->second)) FAIL(left << ", " << right);
    }
}

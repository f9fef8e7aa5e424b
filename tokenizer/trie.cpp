#include "tokenizer/trie.h"

#include <algorithm>

namespace tokenizer {

// The keys [begin, end) share their first `depth` bytes, which lead to `cell`.
struct Trie::Range {
  std::size_t begin, end, depth;
  std::uint32_t cell;
};

void Trie::build() {
  std::ranges::stable_sort(keys_, {}, &Key::text);
  cells_[0].parent = kRoot;
  std::vector<Range> waiting = {{0, keys_.size(), 0, 0}};
  while (!waiting.empty()) {
    const Range range = waiting.back();
    waiting.pop_back();
    place(range, waiting);
  }
  keys_ = {};
}

// Gives the children of a cell their places side by side, and leaves them to be placed in turn.
void Trie::place(const Range& range, std::vector<Range>& waiting) {
  std::size_t at = range.begin;
  for (; at < range.end && keys_[at].text.size() == range.depth; ++at)
    if (range.depth > 0) cells_[range.cell].id = keys_[at].id;
  if (at == range.end) {
    cells_[range.cell].base = 0;  // no cell's parent is a leaf, so no walk goes on from here
    return;
  }
  std::vector<unsigned char> bytes;
  std::vector<std::size_t> begins;
  for (std::size_t i = at; i < range.end; ++i) {
    const auto byte = static_cast<unsigned char>(keys_[i].text[range.depth]);
    if (!bytes.empty() && bytes.back() == byte) continue;
    bytes.push_back(byte);
    begins.push_back(i);
  }
  begins.push_back(range.end);
  const std::uint32_t base = find_base(bytes);
  cells_[range.cell].base = base;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    cells_[base + bytes[i]].parent = range.cell;
    waiting.push_back({begins[i], begins[i + 1], range.depth + 1, base + bytes[i]});
  }
}

std::uint32_t Trie::find_base(const std::vector<unsigned char>& bytes) {
  constexpr int kMostTries = 100;  // in a crowded stretch a hole is not worth finding: the end is always free
  while (first_free_ < cells_.size() && cells_[first_free_].parent != kFree) ++first_free_;
  const auto fits = [&](std::uint32_t base) {
    if (base + 257 > cells_.size()) cells_.resize(std::max<std::size_t>(2 * cells_.size(), base + 257));
    return std::ranges::all_of(bytes, [&](unsigned char byte) { return cells_[base + byte].parent == kFree; });
  };
  std::uint32_t base = first_free_ > bytes[0] ? first_free_ - bytes[0] : 1;
  for (int tries = 1; !fits(base); ++tries) base = tries < kMostTries ? base + 1 : std::max(base + 1, used_);
  used_ = std::max(used_, base + bytes.back() + 1);
  return base;
}

}  // namespace tokenizer

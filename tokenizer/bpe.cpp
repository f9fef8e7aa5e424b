#include "tokenizer/bpe.h"

#include <utility>
#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace tokenizer {
namespace {

// Below this a scan of the whole word for every merge is faster than a heap.
constexpr std::size_t kMostScanned = 40;
constexpr std::int64_t kEnd = -1;
constexpr TokenId kGone = -1;

}  // namespace

MergeTable::MergeTable(std::size_t expected) { rehash(std::bit_ceil(std::max<std::size_t>(16, 2 * expected))); }

void MergeTable::insert(TokenId left, TokenId right, Merge merge) {
  if (2 * (count_ + 1) > slots_.size()) rehash(2 * slots_.size());
  const std::uint64_t key = key_of(left, right);
  std::size_t at = home(key);
  while (slots_[at].key != kFree && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  if (slots_[at].key == kFree) ++count_;
  slots_[at] = {key, merge};
}

void MergeTable::rehash(std::size_t slots) {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
  shift_ = 64 - std::countr_zero(slots);
  count_ = 0;
  for (const Slot& slot : old) {
    if (slot.key == kFree) continue;
    std::size_t at = home(slot.key);
    while (slots_[at].key != kFree) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
    ++count_;
  }
}

void Merger::merge(std::vector<TokenId>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kMostScanned) merge_by_scan(symbols);
  else merge_by_heap(symbols);
}

void Merger::merge_by_scan(std::vector<TokenId>& symbols) {
  parts_.clear();
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) parts_.push_back({symbols[i], table_.find(symbols[i], symbols[i + 1])});
  parts_.push_back({symbols.back(), {}});
  while (true) {
    const auto best = std::ranges::min_element(parts_, {}, [](const Part& part) { return part.with_next.rank; });
    if (best->with_next.rank == Merge::kNone) break;
    best->id = best->with_next.merged;
    parts_.erase(best + 1);
    best->with_next = best + 1 == parts_.end() ? Merge{} : table_.find(best->id, (best + 1)->id);
    if (best != parts_.begin()) (best - 1)->with_next = table_.find((best - 1)->id, best->id);
  }
  symbols.clear();
  for (const Part& part : parts_) symbols.push_back(part.id);
}

// Puts the pair that starts at node `left` into the heap, where it can be joined.
void Merger::consider(std::int64_t left) {
  if (left == kEnd) return;
  const Node& node = nodes_[static_cast<std::size_t>(left)];
  if (node.next == kEnd) return;
  const TokenId right = nodes_[static_cast<std::size_t>(node.next)].id;
  const Merge merge = table_.find(node.id, right);
  if (merge.rank == Merge::kNone) return;
  heap_.push_back({merge.rank, static_cast<std::size_t>(left), node.id, right, merge.merged});
  std::ranges::push_heap(heap_, std::greater<>{});
}

void Merger::merge_by_heap(std::vector<TokenId>& symbols) {
  const auto count = static_cast<std::int64_t>(symbols.size());
  nodes_.clear();
  heap_.clear();
  for (std::int64_t i = 0; i < count; ++i)
    nodes_.push_back({symbols[static_cast<std::size_t>(i)], i - 1, i + 1 < count ? i + 1 : kEnd});
  for (std::int64_t i = 0; i < count; ++i) consider(i);
  while (!heap_.empty()) {
    std::ranges::pop_heap(heap_, std::greater<>{});
    const Candidate best = heap_.back();
    heap_.pop_back();
    Node& left = nodes_[best.position];
    if (left.id != best.left || left.next == kEnd) continue;  // joined with another neighbour meanwhile
    Node& right = nodes_[static_cast<std::size_t>(left.next)];
    if (right.id != best.right) continue;
    left.id = best.merged;
    right.id = kGone;
    left.next = right.next;
    if (left.next != kEnd) nodes_[static_cast<std::size_t>(left.next)].previous = static_cast<std::int64_t>(best.position);
    consider(left.previous);
    consider(static_cast<std::int64_t>(best.position));
  }
  symbols.clear();
  for (std::int64_t i = 0; i != kEnd; i = nodes_[static_cast<std::size_t>(i)].next)
    symbols.push_back(nodes_[static_cast<std::size_t>(i)].id);
}

}  // namespace tokenizer

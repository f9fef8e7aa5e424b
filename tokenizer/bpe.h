// bpe.h: byte-pair encoding of one word: the adjacent pair with the lowest rank is joined until none is left.
// Fill a MergeTable at load; merge() rewrites a word's symbols in place. Long words take O(n log n), so a megabyte is fine.
// MergeTable is immutable after loading; Merger holds scratch memory and belongs to one thread.
// Source: Sennrich et al. 2016, arXiv 1508.07909.
#pragma once

#include <cstdint>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

struct Merge {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  std::uint32_t rank = kNone;
  TokenId merged = -1;
};

// (left id, right id) -> rank and joined id; open addressing, one cache line a look-up.
class MergeTable {
 public:
  explicit MergeTable(std::size_t expected = 0);
  void insert(TokenId left, TokenId right, Merge merge);  // a later rank of the same pair replaces the earlier
  Merge find(TokenId left, TokenId right) const {
    const std::uint64_t key = key_of(left, right);
    for (std::size_t at = home(key);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.key == key) return slot.merge;
      if (slot.key == kFree) return {};
    }
  }
  std::size_t size() const { return count_; }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key = kFree;
    Merge merge;
  };
  static std::uint64_t key_of(TokenId left, TokenId right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) | static_cast<std::uint32_t>(right);
  }
  std::size_t home(std::uint64_t key) const { return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ull) >> shift_); }
  void rehash(std::size_t slots);

  std::vector<Slot> slots_;
  int shift_ = 0;
  std::size_t count_ = 0;
};

class Merger {
 public:
  explicit Merger(const MergeTable& table) : table_(table) {}
  void merge(std::vector<TokenId>& symbols);

 private:
  struct Part {
    TokenId id;
    Merge with_next;
  };
  struct Node {
    TokenId id;
    std::int64_t previous, next;
  };
  struct Candidate {
    std::uint32_t rank;
    std::size_t position;
    TokenId left, right, merged;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  void merge_by_scan(std::vector<TokenId>& symbols);
  void merge_by_heap(std::vector<TokenId>& symbols);
  void consider(std::int64_t left);

  const MergeTable& table_;
  std::vector<Part> parts_;
  std::vector<Node> nodes_;
  std::vector<Candidate> heap_;
};

}  // namespace tokenizer

// trie.h: the strings of a vocabulary as a double array: every token that begins at a place is found in one walk.
// add() strings in any order, build() once; walk() calls back for each string that is a prefix of the text.
// Immutable after build(); any thread. Source: Aoe 1989, "An efficient digital search algorithm by using a double-array structure".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

class Trie {
 public:
  // The last id added for a string stays. Views must live until build().
  void add(std::string_view text, TokenId id) { keys_.push_back({text, id}); }
  void build();

  // found(length, id) for each string that `text` begins with, the shortest first.
  template <class Found>
  void walk(std::string_view text, const Found& found) const {
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::uint32_t next = cells_[at].base + static_cast<unsigned char>(text[i]);
      if (cells_[next].parent != at) return;
      at = next;
      if (cells_[at].id >= 0) found(i + 1, cells_[at].id);
    }
  }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFF, kRoot = 0xFFFFFFFE;
  struct Cell {
    std::uint32_t base = 0, parent = kFree;
    TokenId id = -1;
  };
  struct Key {
    std::string_view text;
    TokenId id;
  };
  struct Range;
  void place(const Range& range, std::vector<Range>& waiting);
  std::uint32_t find_base(const std::vector<unsigned char>& bytes);

  std::vector<Key> keys_;
  std::vector<Cell> cells_ = std::vector<Cell>(257);
  std::uint32_t first_free_ = 1, used_ = 1;  // while building: no free cell before, none taken from here on
};

}  // namespace tokenizer

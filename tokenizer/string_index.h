// string_index.h: which id a string has, without keeping the string: an open-addressing table of ids.
// insert() and find() are told how to see an id's string; the owner (Vocabulary) keeps the text.
// Not safe against concurrent insert(); find() is const and safe from any thread.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

class StringIndex {
 public:
  // The first id inserted for a string stays. `text_of(id)` gives the string of an id.
  template <class TextOf>
  void insert(std::string_view key, TokenId id, const TextOf& text_of) {
    if (2 * (count_ + 1) > slots_.size()) grow(text_of);
    TokenId& slot = slots_[place(key, text_of)];
    if (slot >= 0) return;
    slot = id;
    ++count_;
  }

  template <class TextOf>
  std::optional<TokenId> find(std::string_view key, const TextOf& text_of) const {
    if (slots_.empty()) return std::nullopt;
    const TokenId id = slots_[place(key, text_of)];
    if (id < 0) return std::nullopt;
    return id;
  }

 private:
  // Where `key` is, or the free slot where it would go. At least half of the slots are free, so the walk ends.
  template <class TextOf>
  std::size_t place(std::string_view key, const TextOf& text_of) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = std::hash<std::string_view>{}(key) & mask;
    while (slots_[at] >= 0 && text_of(slots_[at]) != key) at = (at + 1) & mask;
    return at;
  }

  template <class TextOf>
  void grow(const TextOf& text_of) {
    const std::vector<TokenId> old = std::exchange(slots_, std::vector<TokenId>(slots_.empty() ? 64 : 2 * slots_.size(), -1));
    for (const TokenId id : old)
      if (id >= 0) slots_[place(text_of(id), text_of)] = id;
  }

  std::vector<TokenId> slots_;  // a power of two; -1 is free
  std::size_t count_ = 0;
};

}  // namespace tokenizer

// word_counts.h: how often each word stands in a corpus: what BPE is trained on.
// One WordCounts a thread: add() every document, cut by a PreTokenizer; then absorb() the others' into one.
// Owns its words; belongs to one thread at a time. Throws nothing but bad_alloc.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/pretokenize.h"

namespace tokenizer {

class WordCounts {
 public:
  struct Word {
    std::string_view bytes;  // lives as long as this object
    std::uint64_t count = 0;
  };

  WordCounts();
  void add(std::string_view text, const PreTokenizer& cuts);
  void absorb(const WordCounts& other);
  void count(std::string_view word, std::uint64_t times);

  const std::vector<Word>& words() const { return words_; }  // in the order they were first seen

 private:
  void grow();
  std::string_view keep(std::string_view word);

  std::vector<Word> words_;
  std::vector<std::uint32_t> hashes_;  // of words_
  std::vector<std::uint32_t> slots_;   // 1 + an index into words_; 0: free; a power of two of them
  std::deque<std::unique_ptr<char[]>> blocks_;
  std::size_t block_used_ = 0, block_size_ = 0;
  SplitContext split_;
  std::vector<std::string_view> pieces_;
};

}  // namespace tokenizer

#include "tokenizer/train/word_counts.h"

#include <algorithm>
#include <cstring>

namespace tokenizer {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

std::uint32_t hash_of(std::string_view word) {
  std::uint64_t hash = word.size() * 0x9E3779B97F4A7C15ull;
  const char* at = word.data();
  std::size_t left = word.size();
  const auto mix = [&](std::uint64_t part) {
    hash = (hash ^ part) * 0xD6E8FEB86659FD93ull;
    hash ^= hash >> 32;
  };
  for (std::uint64_t part = 0; left >= 8; at += 8, left -= 8) std::memcpy(&part, at, 8), mix(part);
  std::uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left), mix(rest);
  return static_cast<std::uint32_t>(hash ^ (hash >> 29));
}

}  // namespace

WordCounts::WordCounts() : slots_(std::size_t{1} << 16) {}

std::string_view WordCounts::keep(std::string_view word) {
  if (block_used_ + word.size() > block_size_) {
    block_size_ = std::max(kBlock, word.size()), block_used_ = 0;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_size_));
  }
  char* at = blocks_.back().get() + block_used_;
  std::memcpy(at, word.data(), word.size());
  block_used_ += word.size();
  return {at, word.size()};
}

void WordCounts::grow() {
  slots_.assign(slots_.size() * 2, 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    std::size_t at = hashes_[i] & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = static_cast<std::uint32_t>(i + 1);
  }
}

void WordCounts::count(std::string_view word, std::uint64_t times) {
  const std::uint32_t hash = hash_of(word);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    const std::size_t i = slots_[at] - 1;
    if (hashes_[i] == hash && words_[i].bytes == word) {
      words_[i].count += times;
      return;
    }
  }
  words_.push_back({keep(word), times});
  hashes_.push_back(hash);
  slots_[at] = static_cast<std::uint32_t>(words_.size());
  if (words_.size() * 2 > slots_.size()) grow();
}

void WordCounts::add(std::string_view text, const PreTokenizer& cuts) {
  split_.owned.clear();
  cuts.split(text, Place::DocumentStart, split_, pieces_);
  for (const std::string_view piece : pieces_) count(piece, 1);
}

void WordCounts::absorb(const WordCounts& other) {
  for (const Word& word : other.words_) count(word.bytes, word.count);
}

}  // namespace tokenizer

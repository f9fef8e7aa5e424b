// packed_tokens.h: token ids in three bytes each, so that a token and its place in a suffix array take seven.
// pack() ids into bytes; PackedTokens reads such bytes wherever they lie (memory or a mapped file).
// A view: the bytes must outlive it. An index past the end reads as kSeparator, so a damaged file cannot lead outside.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace engine {

using tokenizer::TokenId;

constexpr TokenId kSeparator = 0xFFFFFF;  // stands behind each document; larger than any id
constexpr std::size_t kBytesPerToken = 3, kPadding = 1;

class PackedTokens {
 public:
  PackedTokens() = default;
  // `bytes` holds three bytes a token and kPadding more.
  explicit PackedTokens(std::span<const std::byte> bytes) : bytes_(bytes.data()), size_((bytes.size() - kPadding) / kBytesPerToken) {}

  std::size_t size() const { return size_; }
  TokenId operator[](std::size_t i) const {
    if (i >= size_) return kSeparator;
    std::uint32_t four;
    std::memcpy(&four, bytes_ + i * kBytesPerToken, sizeof four);
    return TokenId(four & 0xFFFFFF);
  }
  void prefetch(std::size_t i) const {
    if (i < size_) __builtin_prefetch(bytes_ + i * kBytesPerToken);
  }

 private:
  const std::byte* bytes_ = nullptr;
  std::size_t size_ = 0;
};

inline void pack(TokenId id, std::vector<std::byte>& out) {
  for (int shift = 0; shift < 24; shift += 8) out.push_back(std::byte(std::uint32_t(id) >> shift & 0xFF));
}

}  // namespace engine

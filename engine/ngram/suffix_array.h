// suffix_array.h: the suffixes of a text of integers in order: SA-IS, in linear time.
// suffix_array(text, alphabet): positions of `text` sorted by the suffixes that start there; a suffix that is the start of
// another comes first. Nong, Zhang, Chan: "Two Efficient Algorithms for Linear Time Suffix Array Construction", 2011.
// Pure. A stop asked for in between gives nothing. Takes about 9 bytes a symbol beside the text and the result while it works.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

namespace engine {

// Symbols are in [0, alphabet).
std::vector<std::int32_t> suffix_array(std::span<const std::int32_t> text, std::int32_t alphabet, std::stop_token stop = {});

}  // namespace engine

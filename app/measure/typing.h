// typing.h: what a person types into a real file, and when: lines are taken out and typed again, key by key.
// typing_script() picks places spread over the file; at each the rest of a line, its end and the next line are typed.
// Pure; the same file and options give the same script. Times are drawn as people's are: log-normal, longer at a new word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace app {

struct Key {
  std::string text;     // a character; a line's end comes with the next line's indentation, as editors put it
  double pause_ms = 0;  // after the key before
  bool new_line() const { return text.starts_with('\n'); }
};

struct TypedPlace {
  std::string text;        // the file with what is to be typed taken out; line ends are "\n"
  std::size_t cursor = 0;  // where the first key goes, in bytes
  std::vector<Key> keys;
};

struct TypingOptions {
  int places = 6;
  int keys = 40;           // at each place, at most
  double words_a_minute = 60;  // of five characters
  std::uint64_t seed = 1;
};

// Empty where the file has no two lines to type.
std::vector<TypedPlace> typing_script(std::string_view file, const TypingOptions& options);

}  // namespace app

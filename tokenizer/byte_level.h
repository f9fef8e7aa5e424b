// byte_level.h: GPT-2's spelling of bytes in a vocabulary file: printable Latin-1 stays, the rest is U+0100 and up.
// to_printable() for keys, from_printable() for token strings as files hold them ("Ġfor" is " for").
// Pure functions. Source: Radford et al. 2019, byte-level BPE (bytes_to_unicode).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tokenizer {

std::string to_printable(std::string_view bytes);
std::string to_printable(unsigned char byte);

// nullopt where a character stands for no byte: the string is not spelled this way.
std::optional<std::string> from_printable(std::string_view spelled);

}  // namespace tokenizer

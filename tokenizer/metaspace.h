// metaspace.h: SentencePiece's spelling of spaces ("▁") and of raw bytes ("<0x0A>"), and back.
// Used by every reader whose vocabulary is not byte-level.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tokenizer {

constexpr std::string_view kMetaspace = "\xE2\x96\x81";  // "▁", U+2581

std::string with_spaces(std::string_view spelled);          // "▁for" -> " for"
std::string spell_byte(unsigned char byte);                 // 10 -> "<0x0A>"
std::optional<char> byte_spelled(std::string_view spelled);  // "<0x0A>" -> '\n'; nullopt for another spelling

}  // namespace tokenizer

// unicode.h: which characters are white space and which belong to words, as Rust's standard library and regex crate say.
// Used where the `tokenizers` library asks them: added tokens and the Strip normalizer.
// Pure functions. Sources: Unicode's White_Space; UTS #18, annex C (\w).
#pragma once

namespace tokenizer {

bool is_white_space(char32_t c);
bool is_word_character(char32_t c);

}  // namespace tokenizer

// regex.h: a tokenizer's split pattern, run by PCRE2 (UTF, Unicode properties, JIT).
// compile() takes a pattern as Oniguruma (the `tokenizers` library) reads it; next() walks the matches of well-formed UTF-8.
// Regex is immutable: any thread may match at once, each with its own RegexScratch.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace tokenizer {

// What a match needs to write to; made once per call of encode().
class RegexScratch {
 public:
  RegexScratch();

 private:
  friend class Regex;
  std::shared_ptr<pcre2_real_match_data_8> match_;
};

class Regex {
 public:
  static base::Result<Regex> compile(std::string_view pattern);

  struct Match {
    std::size_t begin = 0, end = 0;
  };
  // How far a walk over the matches of a text has come; begin with {}.
  struct Walk {
    std::size_t from = 0;
    std::size_t last_end = std::string_view::npos;
  };
  // The next match; false where there is none. Empty ones are matches too, but for one right behind another match.
  // `text` is well-formed UTF-8.
  bool next(std::string_view text, Walk& walk, RegexScratch& scratch, Match& match) const;

 private:
  std::shared_ptr<const pcre2_real_code_8> code_;
};

}  // namespace tokenizer

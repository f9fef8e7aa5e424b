#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/regex.h"

#include <pcre2.h>

#include <string>

#include "tokenizer/regex_syntax.h"

namespace tokenizer {
namespace {

using base::ErrorCode;

}  // namespace

RegexScratch::RegexScratch() : match_(pcre2_match_data_create(1, nullptr), &pcre2_match_data_free) {}

base::Result<Regex> Regex::compile(std::string_view pattern) {
  auto translated = to_pcre2(pattern);
  if (!translated) return base::forward(translated);
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  if (!context) return base::fail(ErrorCode::OutOfMemory, "no memory to compile a pattern");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_max_pattern_length(context.get(), std::size_t{1} << 16);
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated->data()), translated->size(),
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                                   context.get());
  if (!code) {
    PCRE2_UCHAR why[200] = {};
    pcre2_get_error_message(error, why, sizeof why);
    return base::fail(ErrorCode::InvalidInput, "pattern '{}' does not compile: {}", pattern, reinterpret_cast<const char*>(why));
  }
  Regex regex;
  regex.code_ = std::shared_ptr<const pcre2_code>(code, [](const pcre2_code* c) { pcre2_code_free(const_cast<pcre2_code*>(c)); });
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // a system that forbids it runs the interpreter
  return regex;
}

bool Regex::next(std::string_view text, Walk& walk, RegexScratch& scratch, Match& match) const {
  if (!scratch.match_) return false;
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  while (walk.from <= text.size()) {
    int found = pcre2_match(code_.get(), subject, text.size(), walk.from, PCRE2_NO_UTF_CHECK, scratch.match_.get(), nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
      found = pcre2_match(code_.get(), subject, text.size(), walk.from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, scratch.match_.get(), nullptr);
    if (found < 0) return false;  // none, or a pattern that ran out of its limits: the rest stays one piece
    const PCRE2_SIZE* where = pcre2_get_ovector_pointer(scratch.match_.get());
    match = {where[0], where[1]};
    const bool again = match.begin == match.end && match.end == walk.last_end;  // empty, right behind the match before
    if (!again && match.begin >= walk.from && match.end >= match.begin) {
      walk = {match.end, match.end};
      return true;
    }
    ++walk.from;
    while (walk.from < text.size() && (static_cast<unsigned char>(text[walk.from]) & 0xC0) == 0x80) ++walk.from;
  }
  return false;
}

}  // namespace tokenizer

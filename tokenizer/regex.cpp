#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/regex.h"

#include <pcre2.h>

#include <optional>
#include <string>

namespace tokenizer {
namespace {

using base::ErrorCode;

// Unicode's White_Space, which Oniguruma means by \s; PCRE2's own \s also takes U+180E.
constexpr std::string_view kSpace = R"(\t-\r\x{85}\p{Z})";

// Where Oniguruma and PCRE2 read the same letters differently: \s, \S, \h (a hexadecimal digit to one, a blank to the
// other) and class intersections (&&), which PCRE2 would take for two ampersands.
base::Result<std::string> to_pcre2(std::string_view pattern) {
  std::string out;
  int depth = 0;  // of [ ]
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      if (escaped == 's') out.append(depth ? "" : "[").append(kSpace).append(depth ? "" : "]");
      else if (escaped == 'S' && !depth) out.append("[^").append(kSpace).append("]");
      else if (escaped == 'h') out.append(depth ? "0-9A-Fa-f" : "[0-9A-Fa-f]");
      else out.append({c, escaped});
      continue;
    }
    if (depth && c == '&' && pattern.substr(i).starts_with("&&"))
      return base::fail(ErrorCode::Unsupported, "pattern '{}' intersects character classes (&&)", pattern);
    if (depth && c == '[' && !pattern.substr(i).starts_with("[:"))
      return base::fail(ErrorCode::Unsupported, "pattern '{}' holds a class inside a class", pattern);
    if (c == '[' && !depth) {
      depth = 1;
      out += c;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') out += pattern[++i];
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') {  // a first ] is a member
        out += "\\]";
        ++i;
      }
      continue;
    }
    if (depth && pattern.substr(i).starts_with("[:")) {
      const std::size_t end = pattern.find(":]", i);
      if (end != std::string_view::npos) {
        out.append(pattern.substr(i, end + 2 - i));
        i = end + 1;
        continue;
      }
    }
    if (c == ']' && depth) depth = 0;
    out += c;
  }
  return out;
}

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

bool Regex::next(std::string_view text, std::size_t from, RegexScratch& scratch, Match& match) const {
  if (!scratch.match_) return false;
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  while (from < text.size()) {
    int found = pcre2_match(code_.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, scratch.match_.get(), nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
      found = pcre2_match(code_.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY | PCRE2_NO_JIT,
                          scratch.match_.get(), nullptr);
    if (found < 0) return false;  // none, or a pattern that ran out of its limits: the rest stays one piece
    const PCRE2_SIZE* where = pcre2_get_ovector_pointer(scratch.match_.get());
    match = {where[0], where[1]};
    if (match.begin >= from && match.end > match.begin) return true;
    ++from;  // only \K in a look-around gets here
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
  }
  return false;
}

}  // namespace tokenizer

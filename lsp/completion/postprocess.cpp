#include "lsp/completion/postprocess.h"

#include "lsp/completion/post/balance_brackets.h"
#include "lsp/completion/post/brackets.h"
#include "lsp/completion/post/clean_text.h"
#include "lsp/completion/post/drop_suffix_overlap.h"
#include "lsp/completion/post/join_rest.h"
#include "lsp/completion/post/reindent.h"
#include "lsp/completion/post/reject_noise.h"
#include "lsp/context/cursor_window.h"

namespace lsp {
namespace {

// A line longer than this on one side of the cursor is not written again: the edit is an insertion.
constexpr std::size_t kLongLine = 1000;

std::string with_line_ends(std::string_view text, std::string_view line_end) {
  if (line_end == "\n") return std::string(text);
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += line_end;
    else out += c;
  }
  return out;
}

// "first, " before "bar": the blank belongs to the suggestion.
std::string_view blanks_before_code(std::string_view text, const Surroundings& around) {
  const std::string_view blanks = text.substr(trimmed_end(text).size());
  const bool wanted = !rest_is_replaceable(around.rest) && !around.rest.starts_with(' ') && !is_blank(around.typed);
  return wanted && blanks.find_first_not_of(" \t") == std::string_view::npos ? blanks : std::string_view();
}

// The item's range is the editor's: what stands after it stays, so the text must stop before writing it again.
std::optional<Suggestion> for_selected(std::string_view text, const Surroundings& around) {
  const Replacement& selected = *around.selected;
  const char quote = scan_brackets(around.typed).quote;
  const Brackets rest = scan_brackets(around.rest, quote), own = scan_brackets(text, quote);
  if (!rest.closers.empty() && !own.closers.empty() && rest.closers[0].mark == own.closers[0].mark)
    text = text.substr(0, own.closers[0].at);
  return Suggestion{.begin = selected.begin, .end = selected.end, .text = selected.text + std::string(text), .ghost = std::string(text)};
}

std::optional<Suggestion> for_cursor(std::string_view text, const Surroundings& around, bool rest_seen) {
  const bool insert_only = around.rest.size() > kLongLine;
  const std::string_view rest = insert_only ? std::string_view() : trimmed_end(around.rest);
  const Joined joined = join_rest({.text = text, .typed = around.typed, .rest = rest, .rest_seen = rest_seen});
  if (!joined.fits) return std::nullopt;
  const bool long_typed = around.typed.size() > kLongLine;
  return Suggestion{.begin = long_typed ? around.cursor : around.line.begin,
          .end = around.cursor + rest.size(),
          .text = (long_typed ? std::string() : around.typed) + joined.text,
          .ghost = joined.text.substr(0, joined.text.size() - joined.kept)};
}

}  // namespace

Postprocessed postprocess(std::string_view raw, const Surroundings& around, const PostOptions& options) {
  Postprocessed out;
  std::string text(raw);
  const auto step = [&](const char* name, std::string changed) {
    if (changed != text) out.steps.emplace_back(name);
    text = std::move(changed);
  };
  step("clean_text", clean_text(text).append(blanks_before_code(raw, around)));
  step("reindent", reindent(text, around));
  step("drop_suffix_overlap", drop_suffix_overlap(text, around.below));
  step("balance_brackets", balance_brackets(text, around));
  if (const std::string_view noise = noise_in(text, around, options.invocation == Invocation::Explicit); !noise.empty()) {
    out.why_not = noise;
    return out;
  }
  auto suggestion = around.selected ? for_selected(text, around) : for_cursor(text, around, options.rest_seen);
  if (!suggestion) {
    out.why_not = "the model cannot see the code after the cursor, and what it wrote does not lead to it";
    return out;
  }
  if (is_blank(suggestion->ghost)) {
    out.why_not = "everything in it stands there already";
    return out;
  }
  suggestion->text = with_line_ends(suggestion->text, around.line_end);
  suggestion->ghost = with_line_ends(suggestion->ghost, around.line_end);
  out.suggestion = std::move(suggestion);
  return out;
}

}  // namespace lsp

#include "lsp/completion/trigger.h"

#include "lsp/completion/lines.h"

namespace lsp {
namespace {

// Only what an editor closes by itself stands after the cursor: brackets, quotes, then perhaps one of :{;,
bool only_closers(std::string_view rest) {
  rest = trimmed(rest);
  if (!rest.empty() && std::string_view(":{;,").find(rest.back()) != std::string_view::npos) rest = trimmed_end(rest.substr(0, rest.size() - 1));
  return rest.find_first_not_of(")>}]\"'` ") == std::string_view::npos;
}

// The statement is over: a suggestion could only start another one on the same line.
bool statement_ended(std::string_view typed) {
  typed = trimmed_end(typed);
  return typed.ends_with(';') || typed.ends_with('}');
}

bool at_block_start(std::string_view text, std::size_t cursor) {
  const std::string_view typed = line_before(text, cursor);
  return blank(typed) ? opens_block(previous_line(text, cursor)) : opens_block(typed) && blank(line_after(text, cursor));
}

}  // namespace

TriggerDecision classify(std::string_view text, std::size_t cursor, bool asked) {
  if (blank(text.substr(0, cursor)) && (!asked || blank(text))) return {Trigger::None, "there is no text before the cursor"};
  if (asked) return {Trigger::MultiLine, "asked for"};
  if (!only_closers(line_after(text, cursor))) return {Trigger::None, "there is code after the cursor on its line"};
  if (statement_ended(line_before(text, cursor))) return {Trigger::None, "the statement before the cursor is complete"};
  if (at_block_start(text, cursor)) return {Trigger::MultiLine, "a block starts here"};
  return {Trigger::SingleLine, "typing"};
}

}  // namespace lsp

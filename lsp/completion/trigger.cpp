#include "lsp/completion/trigger.h"

#include "lsp/context/cursor_window.h"
#include "lsp/context/indentation.h"

namespace lsp {
namespace {

// A file with less than this in it says nothing about what comes.
constexpr int kFewestCharacters = 2;

bool nearly_empty(std::string_view text) {
  int characters = 0;
  for (const char c : text)
    if (!is_blank({&c, 1}) && ++characters >= kFewestCharacters) return false;
  return true;
}

// "x = 1;|": the statement is over. Not inside a bracket: "for (int i = 0;|".
bool statement_is_over(std::string_view typed) {
  if (!typed.ends_with(';') && !typed.ends_with('}')) return false;
  int depth = 0;
  for (const char c : typed) depth += (c == '(') - (c == ')');
  return depth <= 0;
}

}  // namespace

std::string_view opener_of(const Surroundings& around) {
  if (!is_blank(around.typed)) {
    const char last = trimmed_end(around.typed).back();
    const bool opens = last != '(' && last != '[' && opens_block(around.typed, around.language);
    return opens ? std::string_view(around.typed) : std::string_view();
  }
  if (around.above.empty()) return {};
  const std::string_view above = around.line_above();
  return opens_block(above, around.language) ? above : std::string_view();
}

Trigger classify(std::string_view text, const Surroundings& around, Invocation invocation, const CompletionSettings& settings) {
  if (!settings.enabled) return {.wanted = false, .why = "suggestions are switched off (completion.enabled)"};
  if (!wanted_in(settings, around.language)) return {.wanted = false, .why = "suggestions are switched off for this language (completion.languages)"};
  const bool code_after = !rest_is_replaceable(around.rest);
  if (invocation == Invocation::Explicit) {
    const bool one_line = around.selected || (code_after && !is_blank(around.typed));
    return {.block = !one_line, .why = "asked for"};
  }
  if (code_after) return {.wanted = false, .why = "there is code after the cursor on its line"};
  if (around.selected) {
    if (around.selected->text.find(')') != std::string::npos) return {.wanted = false, .why = "the chosen item has arguments of its own"};
    return {.why = "an item is chosen in the popup"};
  }
  if (nearly_empty(text)) return {.wanted = false, .why = "the file is nearly empty"};
  if (statement_is_over(around.typed)) return {.wanted = false, .why = "the statement is over"};
  if (!opener_of(around).empty()) return {.block = true, .why = "a block begins"};
  if (is_blank(around.typed) && is_blank(around.rest)) return {.block = true, .why = "the line is empty"};
  return {.why = "the line goes on"};
}

}  // namespace lsp

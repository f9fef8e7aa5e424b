#include "lsp/completion/text_stop.h"

#include <algorithm>

#include "lsp/completion/trigger.h"
#include "lsp/context/cursor_window.h"
#include "lsp/context/indentation.h"

namespace lsp {

StopRules stop_rules(const Surroundings& around, bool block, int max_lines) {
  // In front of a whole line of code the suggestion is lines above it.
  const bool in_front = is_blank(around.typed) && !rest_is_replaceable(around.rest);
  return {.block = block,
          .max_lines = max_lines,
          .typed = around.typed,
          .language = around.language,
          .opener = std::string(opener_of(around)),
          .next_line = in_front ? around.typed + around.rest : std::string(around.line_below()),
          .line_above = std::string(around.line_above())};
}

TextStop::TextStop(StopRules rules) : rules_(std::move(rules)) {
  if (rules_.opener.empty()) {
    shallowest_ = indent_width(rules_.typed);
    return;
  }
  const int opener = indent_width(rules_.opener);
  shallowest_ = opener + 1;
  // The block is closed already where the next line stands at the opener's depth and closes one.
  if (!(closes_block(rules_.next_line) && indent_width(rules_.next_line) == opener)) closer_indent_ = opener;
}

bool TextStop::stop_at(std::size_t keep, std::string_view why) {
  keep_ = keep;
  why_ = why;
  stopped_ = true;
  return true;
}

bool TextStop::push(std::string_view more) {
  if (stopped_) return true;
  text_ += more;
  keep_ = text_.size();
  for (;;) {
    const std::size_t end = text_.find('\n', line_begin_);
    if (end == std::string::npos) return judge(false);
    if (judge(true)) return true;
    line_begin_ = end + 1;
  }
}

void TextStop::finish(bool cut_off) {
  if (stopped_) return;
  why_ = cut_off ? "the token limit" : "the model ended";
  const std::string_view line = std::string_view(text_).substr(line_begin_);
  if (!cut_off) {
    if (is_blank(line)) keep_ = line_begin_ ? line_begin_ - 1 : 0;
    else if (judge(true) && keep_ == text_.size()) why_ = "the model ended";
    return;
  }
  if (line_begin_ > 0) {
    keep_ = line_begin_ - 1;  // half a line is of no use where there are whole ones
    drop_dangling_opener();
    return;
  }
  const std::size_t last = line.find_last_of(" \t,;()[]{}");
  if (last != std::string_view::npos && last > line.size() / 2) keep_ = line[last] == ' ' || line[last] == '\t' ? last : last + 1;
}

bool TextStop::judge(bool complete) {
  const std::size_t end = std::min(text_.find('\n', line_begin_), text_.size());
  const std::string_view line = std::string_view(text_).substr(line_begin_, end - line_begin_);
  if (line.find('\0') != std::string_view::npos) return stop_at(line_begin_ + line.find('\0'), "a byte that is no text");
  if (trimmed(line).starts_with("```")) return stop_before_line("a markdown fence");
  return line_begin_ == 0 ? judge_first(line, complete) : judge_block_line(line, complete);
}

bool TextStop::judge_first(std::string_view line, bool complete) {
  const std::string whole = rules_.typed + std::string(line);
  if (!complete) return false;
  lines_.push_back(whole);
  if (is_blank(line)) {
    if (rules_.block && !rules_.opener.empty() && !is_blank(rules_.typed)) return false;  // "{" and then the block's lines
    return stop_at(0, is_blank(rules_.typed) ? "the model left the line blank" : "the model ended the line at once");
  }
  if (!is_blank(rules_.next_line) && !only_punctuation(rules_.next_line) && trimmed(whole) == trimmed(rules_.next_line))
    return stop_at(0, "it repeats the next line");
  if (rules_.opener.empty() && is_blank(rules_.typed)) shallowest_ = indent_width(whole);
  if (!rules_.block) return stop_at(line.size(), "the end of the line");
  if (rules_.max_lines <= 1) return stop_at(line.size(), "the line limit");
  // The line closes the block that the line above opened: "}" on the blank line after "{".
  if (closer_indent_ >= 0 && is_blank(rules_.typed) && closes_block(whole) && indent_width(whole) <= closer_indent_)
    return stop_at(line.size(), "the block's end");
  return false;
}

bool TextStop::judge_block_line(std::string_view line, bool complete) {
  if (is_blank(line)) return complete && stop_before_line("a blank line");
  if (!rules_.block) return stop_before_line("the end of the line");
  if (indent_width(line) < shallowest_) return judge_shallow(line, complete);
  if (!complete) return false;
  if (trimmed_end(line) == trimmed_end(rules_.next_line)) return stop_before_line("the next line is reached");
  lines_.emplace_back(trimmed_end(line));
  if (const std::size_t repeated = repeated_lines(); repeated > 0) {
    std::size_t keep = line_begin_;
    for (std::size_t i = 1; i < repeated; ++i) keep = text_.rfind('\n', keep - 2) + 1;
    return stop_at(keep - 1, "repeated lines");
  }
  if (int(lines_.size()) >= rules_.max_lines) {
    stop_at(line_begin_ + line.size(), "the line limit");
    drop_dangling_opener();
    return true;
  }
  return false;
}

void TextStop::drop_dangling_opener() {
  const std::size_t begin = text().rfind('\n');
  if (begin != std::string_view::npos && begin > 0 && opens_block(text().substr(begin + 1), rules_.language)) keep_ = begin;
}

// A line outside the block: its closing line is still wanted, anything else is not.
bool TextStop::judge_shallow(std::string_view line, bool complete) {
  const bool may_close = closer_indent_ >= 0 && indent_width(line) == closer_indent_;
  if (!may_close) return stop_before_line("the block's end");
  if (!complete) {  // "e" may become "end"; a bracket is known at once
    const std::string_view word = trimmed(line);
    const bool could = closes_block(line) || (std::all_of(word.begin(), word.end(), is_word_char) && word.size() < 5);
    return could ? false : stop_before_line("the block's end");
  }
  if (!closes_block(line)) return stop_before_line("the block's end");
  if (opens_block(line, rules_.language) && int(lines_.size()) + 1 < rules_.max_lines) {  // "} else {"
    lines_.emplace_back(trimmed_end(line));
    return false;
  }
  return stop_at(line_begin_ + line.size(), "the block's end");
}

std::size_t TextStop::repeated_lines() const {
  constexpr std::size_t kLongestPeriod = 4;
  const std::size_t n = lines_.size();
  for (std::size_t period = 1; period <= kLongestPeriod && 2 * period <= n; ++period) {
    const auto last = lines_.end() - std::ptrdiff_t(period);
    const bool same = std::equal(last, lines_.end(), last - std::ptrdiff_t(period));
    const bool says_something = std::any_of(last, lines_.end(), [](const std::string& line) { return !only_punctuation(line); });
    if (same && says_something) return period;
  }
  return 0;
}

}  // namespace lsp

#include "lsp/completion/post/reject_noise.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "lsp/context/indentation.h"
#include "lsp/context/lines.h"

namespace lsp {
namespace {

// Words and runs of one mark ("-----" is one); blanks left out.
std::vector<std::string_view> units(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    const bool word = is_word_char(text[i]);
    while (end < text.size() && (word ? is_word_char(text[end]) : text[end] == text[i])) ++end;
    if (!is_blank(text.substr(i, 1))) out.push_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

// The shortest p for which every element equals the one p before it.
template <class Sequence>
std::size_t shortest_period(const Sequence& sequence) {
  std::vector<std::size_t> border(sequence.size(), 0);
  for (std::size_t i = 1; i < sequence.size(); ++i) {
    std::size_t k = border[i - 1];
    while (k > 0 && sequence[i] != sequence[k]) k = border[k - 1];
    border[i] = sequence[i] == sequence[k] ? k + 1 : 0;
  }
  return sequence.size() - border.back();
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (!is_blank(text.substr(begin, end - begin))) lines.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return lines;
}

// The suggestion is the lines above the cursor once more.
bool repeats_above(std::string_view whole, const Surroundings& around) {
  const std::vector<std::string_view> lines = lines_of(whole);
  std::vector<std::string_view> above;
  for (const std::string_view line : around.above)
    if (!is_blank(line)) above.push_back(trimmed(line));
  if (lines.empty() || lines.size() > above.size()) return false;
  if (std::all_of(lines.begin(), lines.end(), only_punctuation)) return false;
  return std::equal(lines.rbegin(), lines.rend(), above.begin());
}

bool repeats_below(std::string_view whole, const Surroundings& around) {
  const std::vector<std::string_view> lines = lines_of(whole);
  return !lines.empty() && !only_punctuation(lines[0]) && lines[0] == trimmed(around.line_below());
}

// What an instruct model says before it answers.
bool is_prose(std::string_view whole) {
  constexpr std::array<std::string_view, 8> kLeadIns = {"```", "Here is ", "Here's ", "Here are ", "Sure, ", "Sure! ", "Certainly", "I'm sorry"};
  const std::string_view line = trimmed(whole);
  return std::any_of(kLeadIns.begin(), kLeadIns.end(), [&](std::string_view lead) { return line.starts_with(lead); });
}

bool too_little(std::string_view text) {
  const std::string_view said = trimmed(text);
  return said.empty() || (said.size() == 1 && !is_word_char(said[0]));
}

bool is_text(std::string_view language) { return language == "markdown" || language == "plaintext" || language == "latex"; }

}  // namespace

bool is_repetitive(std::string_view text) {
  struct Rule {
    std::size_t last, period;
  };
  // "aaaa...", "_remaining_bytes_remaining_bytes..."; a ruler ("-----") is no word.
  constexpr std::array<Rule, 2> kInsideWord = {{{40, 4}, {60, 20}}};
  for (const Rule& rule : kInsideWord) {
    if (text.size() < rule.last) continue;
    const std::string_view end = text.substr(text.size() - rule.last);
    if (std::all_of(end.begin(), end.end(), is_word_char) && shortest_period(end) <= rule.period) return true;
  }
  constexpr std::array<Rule, 4> kRules = {{{10, 1}, {20, 4}, {30, 10}, {60, 20}}};
  const std::vector<std::string_view> sequence = units(text);
  for (const Rule& rule : kRules) {
    if (sequence.size() < rule.last) continue;
    if (shortest_period(std::span(sequence).last(rule.last)) <= rule.period) return true;
  }
  return false;
}

std::string_view noise_in(std::string_view text, const Surroundings& around, bool asked_for) {
  if (is_blank(text)) return "there is nothing in it";
  const std::string whole = around.typed + std::string(text);
  if (!is_text(around.language) && is_prose(whole)) return "it is prose about code";
  if (!asked_for && too_little(text)) return "it is a single mark";
  if (is_repetitive(text)) return "it repeats itself";
  if (repeats_above(whole, around)) return "it repeats the lines above";
  if (repeats_below(whole, around)) return "it repeats the next line";
  return {};
}

}  // namespace lsp

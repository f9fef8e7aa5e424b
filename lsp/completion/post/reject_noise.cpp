#include "lsp/completion/post/reject_noise.h"

#include <algorithm>
#include <string>
#include <vector>

#include "lsp/completion/lines.h"

namespace lsp {
namespace {

// The length of the shortest piece that, repeated, gives the text (its last piece may be cut short).
std::size_t period(std::string_view text) {
  std::vector<std::size_t> border(text.size(), 0);
  for (std::size_t i = 1; i < text.size(); ++i) {
    std::size_t k = border[i - 1];
    while (k > 0 && text[i] != text[k]) k = border[k - 1];
    border[i] = text[i] == text[k] ? k + 1 : 0;
  }
  return text.size() - border.back();
}

bool only_rules(std::string_view text) { return text.find_first_not_of(" \t\r\n-=*#/_~.") == std::string_view::npos; }

}  // namespace

bool repeats_itself(std::string_view text) {
  for (const std::size_t tail : {40, 80, 160}) {
    if (text.size() < tail) break;
    const std::string_view end = text.substr(text.size() - tail);
    if (blank(end) || only_rules(end)) continue;
    if (period(end) <= tail / 4) return true;
  }
  return false;
}

std::optional<std::string_view> noise_in(std::string_view text, std::string_view typed, std::string_view line_above) {
  if (blank(text)) return "the model wrote nothing";
  if (repeats_itself(text)) return "the model repeats itself";
  const std::string first = std::string(typed) + std::string(text.substr(0, text.find('\n')));
  const std::string_view whole = trimmed(first);
  if (whole.size() > 3 && text.find('\n') == std::string_view::npos && whole == trimmed(line_above)) return "it is the line above once more";
  return std::nullopt;
}

}  // namespace lsp

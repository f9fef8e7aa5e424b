#include "lsp/completion/post/drop_suffix_lines.h"

#include <vector>

#include "lsp/completion/lines.h"

namespace lsp {
namespace {

struct Line {
  std::size_t begin;
  std::string_view content;  // trimmed at the end: indentation counts, or an inner brace would pass for an outer one
};

std::vector<Line> full_lines(std::string_view text, std::size_t most) {
  std::vector<Line> lines;
  for (std::size_t at = 0; at <= text.size() && lines.size() < most;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (const std::string_view line = text.substr(at, end - at); !blank(line)) lines.push_back({at, trimmed_end(line)});
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::string drop_suffix_lines(std::string text, std::string_view below) {
  constexpr std::size_t kMostLines = 200;
  const std::vector<Line> ours = full_lines(text, kMostLines), theirs = full_lines(below, kMostLines);
  for (std::size_t count = std::min(ours.size(), theirs.size()); count > 0; --count) {
    bool same = true;
    for (std::size_t i = 0; i < count && same; ++i) same = ours[ours.size() - count + i].content == theirs[i].content;
    const std::size_t begin = ours[ours.size() - count].begin;
    if (same && begin > 0) return text.substr(0, begin - 1);
  }
  return text;
}

}  // namespace lsp

#include "lsp/completion/post/drop_suffix_overlap.h"

#include <vector>

#include "lsp/context/indentation.h"
#include "lsp/context/lines.h"

namespace lsp {
namespace {

struct Line {
  std::size_t begin = 0;
  std::string_view text;
};

// The lines after the first, blank ones left out: the first continues the cursor's line and is never a line of its own.
std::vector<Line> later_lines(std::string_view text) {
  std::vector<Line> lines;
  std::size_t begin = text.find('\n');
  while (begin != std::string_view::npos) {
    const std::size_t end = text.find('\n', begin + 1);
    const std::string_view line = text.substr(begin + 1, (end == std::string_view::npos ? text.size() : end) - begin - 1);
    if (!is_blank(line)) lines.push_back({begin, trimmed_end(line)});
    begin = end;
  }
  return lines;
}

// A closing line may be the start of what stands below: "}" and "} else {".
bool same(std::string_view line, std::string_view below, bool last) {
  return line == below || (last && closes_block(line) && only_punctuation(line) && below.starts_with(line));
}

}  // namespace

std::string drop_suffix_overlap(std::string_view text, std::span<const std::string_view> below) {
  const std::vector<Line> lines = later_lines(text);
  std::vector<std::string_view> next;
  for (const std::string_view line : below)
    if (!is_blank(line)) next.push_back(trimmed_end(line));
  for (std::size_t first = 0; first < lines.size(); ++first) {
    const std::size_t count = lines.size() - first;
    if (count > next.size()) continue;
    bool all = true;
    for (std::size_t i = 0; i < count && all; ++i) all = same(lines[first + i].text, next[i], i + 1 == count);
    if (all) return std::string(text.substr(0, lines[first].begin));
  }
  return std::string(text);
}

}  // namespace lsp

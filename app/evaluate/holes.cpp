#include "app/evaluate/holes.h"

#include <algorithm>
#include <optional>
#include <random>
#include <set>

#include "lsp/context/indentation.h"
#include "lsp/context/lines.h"

namespace app {
namespace {

constexpr std::size_t kShortestLine = 8, kLongestLine = 300;  // characters that are no indentation
constexpr std::size_t kShortestHole = 2;                      // at least so much is left to say
constexpr std::size_t kMostBlockLines = 6;

struct Line {
  std::size_t file = 0, begin = 0, end = 0;  // without its end mark and trailing blanks
};

std::vector<Line> lines_of(const std::vector<SourceFile>& files) {
  std::vector<Line> out;
  for (std::size_t file = 0; file < files.size(); ++file) {
    const std::string_view text = files[file].text;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view line = text.substr(begin, end - begin);
      const std::size_t size = lsp::trimmed(line).size();
      if (size >= kShortestLine && size <= kLongestLine) out.push_back({file, begin, begin + lsp::trimmed_end(line).size()});
      begin = end + 1;
    }
  }
  return out;
}

class Cutter {
 public:
  Cutter(const std::vector<SourceFile>& files, std::mt19937_64& random) : files_(files), random_(random) {}

  std::optional<Hole> cut(const Line& line, HoleKind kind) {
    const std::string_view text = std::string_view(files_[line.file].text).substr(line.begin, line.end - line.begin);
    const std::size_t indent = lsp::leading_space(text).size();
    switch (kind) {
      case HoleKind::LineStart: return Hole{kind, line.file, line.begin + indent, line.end};
      case HoleKind::Middle: return middle(line, text, indent);
      case HoleKind::AfterMark: return after_mark(line, text, indent);
      case HoleKind::Block: return block(line, text);
    }
    return std::nullopt;
  }

 private:
  std::size_t below(std::size_t bound) { return std::size_t(random_() % bound); }

  std::optional<Hole> middle(const Line& line, std::string_view text, std::size_t indent) {
    const std::size_t size = text.size() - indent;
    std::size_t at = indent + 1 + below(size - kShortestHole);
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    if (lsp::trimmed(text.substr(at)).size() < kShortestHole) return std::nullopt;
    return Hole{HoleKind::Middle, line.file, line.begin + at, line.end};
  }

  std::optional<Hole> after_mark(const Line& line, std::string_view text, std::size_t indent) {
    constexpr std::string_view kMarks[] = {"->", "::", ".", "(", "=", ","};
    std::vector<std::size_t> places;
    for (std::size_t at = indent + 1; at + kShortestHole <= text.size(); ++at)
      for (const std::string_view mark : kMarks)
        if (text.substr(0, at).ends_with(mark) && lsp::trimmed(text.substr(at)).size() >= kShortestHole) {
          places.push_back(at);
          break;
        }
    if (places.empty()) return std::nullopt;
    return Hole{HoleKind::AfterMark, line.file, line.begin + places[below(places.size())], line.end};
  }

  // The lines below that stand deeper than this one, where they are few and something of its depth follows.
  std::optional<Hole> block(const Line& line, std::string_view text) {
    if (!lsp::opens_block(text, files_[line.file].language)) return std::nullopt;
    const std::string_view whole = files_[line.file].text;
    const int depth = lsp::indent_width(text);
    std::size_t first = 0, last = 0, count = 0;
    for (std::size_t begin = whole.find('\n', line.begin) + 1; begin != 0 && begin < whole.size();) {
      const std::size_t end = std::min(whole.find('\n', begin), whole.size());
      const std::string_view one = whole.substr(begin, end - begin);
      if (lsp::is_blank(one) || lsp::indent_width(one) <= depth) break;
      if (++count > kMostBlockLines) return std::nullopt;
      if (count == 1) first = begin + lsp::leading_space(one).size();
      last = begin + lsp::trimmed_end(one).size();
      begin = end + 1;
    }
    if (count == 0) return std::nullopt;
    return Hole{HoleKind::Block, line.file, first, last};
  }

  const std::vector<SourceFile>& files_;
  std::mt19937_64& random_;
};

}  // namespace

const char* hole_kind_name(HoleKind kind) {
  switch (kind) {
    case HoleKind::Middle: return "rest of line";
    case HoleKind::LineStart: return "line start";
    case HoleKind::AfterMark: return "after a mark";
    case HoleKind::Block: return "block";
  }
  return "unknown";
}

std::vector<Hole> cut_holes_of(const std::vector<SourceFile>& files, HoleKind kind, std::uint64_t seed, std::size_t most) {
  std::mt19937_64 random(seed * 4 + std::uint64_t(kind));
  const std::vector<Line> lines = lines_of(files);
  Cutter cutter(files, random);
  std::set<std::pair<std::size_t, std::size_t>> taken;
  std::vector<Hole> out;
  for (std::size_t tries = 0; !lines.empty() && out.size() < most && tries < most * 60; ++tries) {
    const auto hole = cutter.cut(lines[std::size_t(random() % lines.size())], kind);
    if (hole && taken.insert({hole->file, hole->begin}).second) out.push_back(*hole);
  }
  return out;
}

std::vector<Hole> cut_holes(const std::vector<SourceFile>& files, std::uint64_t seed, std::size_t most) {
  std::vector<Hole> out;
  const std::size_t shares[] = {most - most / 5 * 2 - most / 10, most / 5, most / 5, most / 10};
  for (std::size_t i = 0; i < std::size(kHoleKinds); ++i) {
    const auto some = cut_holes_of(files, kHoleKinds[i], seed, shares[i]);
    out.insert(out.end(), some.begin(), some.end());
  }
  return out;
}

}  // namespace app

#include "app/measure/typing.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/utf8.h"
#include "lsp/context/indentation.h"
#include "lsp/context/lines.h"

namespace app {
namespace {

constexpr std::size_t kLeastTyped = 8;  // characters of a line worth typing
constexpr double kSpread = 0.45;        // of the logarithm of a pause: Dhakal et al. 2018 measure about this
constexpr double kNewWord = 1.5, kNewLine = 3;  // how much longer a person waits before one

struct Line {
  std::size_t begin, end;
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back({begin, end});
    begin = end + 1;
  }
  return lines;
}

bool worth_typing(std::string_view line) { return lsp::trimmed(line).size() >= kLeastTyped; }

class Pauses {
 public:
  Pauses(double words_a_minute, std::uint64_t seed)
      : random_(seed), mean_ms_(60'000 / std::max(1.0, words_a_minute * 5)), pause_(0, kSpread) {}

  double before(std::string_view key, char previous) {
    const bool word_begins = !lsp::is_word_char(previous) && lsp::is_word_char(key[0]);
    const double longer = key[0] == '\n' ? kNewLine : word_begins ? kNewWord : 1;
    return mean_ms_ * longer * std::exp(pause_(random_) - kSpread * kSpread / 2);
  }

 private:
  std::mt19937_64 random_;
  double mean_ms_;
  std::normal_distribution<double> pause_;
};

std::vector<Key> keys_of(std::string_view typed, std::size_t most, Pauses& pauses) {
  std::vector<Key> keys;
  char previous = ' ';
  for (std::size_t at = 0; at < typed.size() && keys.size() < most;) {
    std::size_t length = base::decode_at(typed, at).length;
    if (typed[at] == '\n') length += lsp::leading_space(typed.substr(at + 1)).size();
    const std::string_view key = typed.substr(at, length);
    keys.push_back({std::string(key), pauses.before(key, previous)});
    previous = key.back();
    at += length;
  }
  return keys;
}

}  // namespace

std::vector<TypedPlace> typing_script(std::string_view file, const TypingOptions& options) {
  const std::string text = lsp::with_plain_line_ends(file);
  const std::vector<Line> lines = lines_of(text);
  const auto slice = [&](const Line& line) { return std::string_view(text).substr(line.begin, line.end - line.begin); };
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i)
    if (worth_typing(slice(lines[i])) && worth_typing(slice(lines[i + 1]))) candidates.push_back(i);

  Pauses pauses(options.words_a_minute, options.seed);
  std::vector<TypedPlace> places;
  const std::size_t wanted = std::min(candidates.size(), std::size_t(std::max(1, options.places)));
  for (std::size_t i = 0; i < wanted; ++i) {
    // In the middle of each of `wanted` equal parts: what is before and after a cursor matters.
    const std::size_t line = candidates[(2 * i + 1) * candidates.size() / (2 * wanted)];
    const std::size_t begin = lines[line].begin + lsp::leading_space(slice(lines[line])).size(), end = lines[line + 1].end;
    places.push_back({.text = text.substr(0, begin) + text.substr(end),
                      .cursor = begin,
                      .keys = keys_of(std::string_view(text).substr(begin, end - begin), std::size_t(std::max(1, options.keys)), pauses)});
  }
  return places;
}

}  // namespace app

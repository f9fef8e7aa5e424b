#include "lsp/index/ignore_rules.h"

#include <algorithm>

namespace lsp {
namespace {

// "[a-c]" at the start of `pattern`: whether `c` is of it, and how long it is; 0: no bracket expression.
struct BracketMatch {
  std::size_t length = 0;
  bool matches = false;
};
BracketMatch match_bracket(std::string_view pattern, char c) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool found = false;
  for (bool first = true;; first = false) {
    if (at >= pattern.size()) return {};
    if (pattern[at] == ']' && !first) break;
    char low = pattern[at];
    if (low == '\\' && at + 1 < pattern.size()) low = pattern[++at];
    char high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      at += 2;
      high = pattern[at];
      if (high == '\\' && at + 1 < pattern.size()) high = pattern[++at];
    }
    found = found || (low <= c && c <= high);
    ++at;
  }
  return {at + 1, found != negated && c != '/'};
}

// One match; remembers the places where the rest of the pattern did not fit the rest of the path, so that many stars end soon.
class Matcher {
 public:
  Matcher(std::string_view pattern, std::string_view path) : pattern_(pattern), path_(path), failed_((pattern.size() + 1) * (path.size() + 1), false) {}

  bool match(std::size_t p, std::size_t at) {
    const std::size_t place = p * (path_.size() + 1) + at;
    if (failed_[place]) return false;
    const bool fits = step(p, at);
    if (!fits) failed_[place] = true;
    return fits;
  }

 private:
  bool step(std::size_t p, std::size_t at) {
    while (p < pattern_.size()) {
      if (pattern_[p] == '*') return match_stars(p, at);
      if (at == path_.size()) return false;
      std::size_t taken = 1;
      if (pattern_[p] == '?') {
        if (path_[at] == '/') return false;
      } else if (const BracketMatch bracket = pattern_[p] == '[' ? match_bracket(pattern_.substr(p), path_[at]) : BracketMatch{}; bracket.length > 0) {
        if (!bracket.matches) return false;
        taken = bracket.length;
      } else {
        if (pattern_[p] == '\\' && p + 1 < pattern_.size()) ++p;
        if (pattern_[p] != path_[at]) return false;
      }
      p += taken;
      ++at;
    }
    return at == path_.size();
  }

  // "**" between slashes spans folders, any other run of stars does not.
  bool match_stars(std::size_t p, std::size_t at) {
    const std::size_t rest = std::min(pattern_.find_first_not_of('*', p), pattern_.size());
    const bool part_start = p == 0 || pattern_[p - 1] == '/';
    const bool spans = rest == p + 2 && part_start && (rest == pattern_.size() || pattern_[rest] == '/');
    if (spans && rest == pattern_.size()) return at < path_.size();
    if (spans) {  // "**/x": here, or below any folder
      if (match(rest + 1, at)) return true;
      for (; at < path_.size(); ++at)
        if (path_[at] == '/' && match(rest + 1, at + 1)) return true;
      return false;
    }
    for (;; ++at) {
      if (match(rest, at)) return true;
      if (at == path_.size() || path_[at] == '/') return false;
    }
  }

  std::string_view pattern_, path_;
  std::vector<bool> failed_;
};

std::string_view without_trailing_blanks(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  return line;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) { return Matcher(pattern, path).match(0, 0); }

IgnoreRules IgnoreRules::parse(std::string_view text) {
  IgnoreRules out;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = without_trailing_blanks(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == '#') continue;
    Rule rule;
    if (line[0] == '!') {
      rule.taken_in = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      rule.folders_only = true;
      line.remove_suffix(1);
    }
    rule.anchored = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    rule.pattern = line;
    out.rules_.push_back(std::move(rule));
  }
  return out;
}

std::optional<bool> IgnoreRules::decide(std::string_view path, bool is_folder) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && !is_folder) continue;
    if (glob_matches(rule->pattern, rule->anchored ? path : name)) return !rule->taken_in;
  }
  return std::nullopt;
}

}  // namespace lsp

#include "tokenizer/pretokenize.h"

#include <algorithm>
#include <span>

namespace tokenizer {
namespace {

struct Segment {
  std::size_t begin, end;
  bool match;
};

// Joins neighbours so that a match goes with what stands before it; a run of matches is joined once only.
void merge_with_previous(std::vector<Segment>& segments) {
  std::vector<Segment> merged;
  bool previous_match = false;
  for (const Segment& segment : segments) {
    if (segment.match && !previous_match && !merged.empty()) merged.back().end = segment.end;
    else merged.push_back(segment);
    previous_match = segment.match;
  }
  segments = std::move(merged);
}

void merge_with_next(std::vector<Segment>& segments) {
  std::vector<Segment> merged;
  bool previous_match = false;
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    if (segment->match && !previous_match && !merged.empty()) merged.back().begin = segment->begin;
    else merged.push_back(*segment);
    previous_match = segment->match;
  }
  std::ranges::reverse(merged);
  segments = std::move(merged);
}

void merge_equal(std::vector<Segment>& segments) {
  std::vector<Segment> merged;
  for (const Segment& segment : segments) {
    if (!merged.empty() && merged.back().match == segment.match) merged.back().end = segment.end;
    else merged.push_back(segment);
  }
  segments = std::move(merged);
}

// A step that finds delimiters; Find is bool(text, from, context, match&).
template <class Find>
class SplitByMatches : public SplitStep {
 public:
  SplitByMatches(Find find, SplitBehavior behavior, bool invert) : find_(std::move(find)), behavior_(behavior), invert_(invert) {}

  void split(std::string_view piece, bool, SplitContext& context, std::vector<std::string_view>& out) const override {
    if (behavior_ == SplitBehavior::Isolated) return isolate(piece, context, out);
    std::vector<Segment> segments;
    std::size_t at = 0;
    for (Regex::Match match; find_(piece, at, context, match); at = match.end) {
      if (match.begin > at) segments.push_back({at, match.begin, invert_});
      segments.push_back({match.begin, match.end, !invert_});
    }
    if (at < piece.size()) segments.push_back({at, piece.size(), invert_});
    if (behavior_ == SplitBehavior::MergedWithPrevious) merge_with_previous(segments);
    if (behavior_ == SplitBehavior::MergedWithNext) merge_with_next(segments);
    if (behavior_ == SplitBehavior::Contiguous) merge_equal(segments);
    for (const Segment& segment : segments)
      if (behavior_ != SplitBehavior::Removed || !segment.match) out.push_back(piece.substr(segment.begin, segment.end - segment.begin));
  }

 private:
  // Nearly every step of every model: no list of segments needed, and inverting changes nothing.
  void isolate(std::string_view piece, SplitContext& context, std::vector<std::string_view>& out) const {
    std::size_t at = 0;
    for (Regex::Match match; find_(piece, at, context, match); at = match.end) {
      if (match.begin > at) out.push_back(piece.substr(at, match.begin - at));
      out.push_back(piece.substr(match.begin, match.end - match.begin));
    }
    if (at < piece.size()) out.push_back(piece.substr(at));
  }

  Find find_;
  SplitBehavior behavior_;
  bool invert_;
};

struct FindRegex {
  Regex regex;
  bool operator()(std::string_view text, std::size_t from, SplitContext& context, Regex::Match& match) const {
    return regex.next(text, from, context.regex, match);
  }
};

struct FindString {
  std::string literal;
  bool operator()(std::string_view text, std::size_t from, SplitContext&, Regex::Match& match) const {
    const std::size_t at = literal.empty() ? std::string_view::npos : text.find(literal, from);
    if (at == std::string_view::npos) return false;
    match = {at, at + literal.size()};
    return true;
  }
};

class PrefixSpace : public SplitStep {
 public:
  void split(std::string_view piece, bool first, SplitContext& context, std::vector<std::string_view>& out) const override {
    if (piece.starts_with(' ') || (first && !context.at_start)) return out.push_back(piece);
    out.push_back(context.owned.emplace_back(" ").append(piece));
  }
};

class Metaspace : public SplitStep {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)), scheme_(scheme), split_(split) {}

  void split(std::string_view piece, bool first, SplitContext& context, std::vector<std::string_view>& out) const override {
    std::string& text = context.owned.emplace_back();
    const bool begins = first && context.at_start;
    const bool wanted = begins ? scheme_ != PrependScheme::Never : scheme_ == PrependScheme::Always && !first;
    if (wanted && !piece.starts_with(' ') && !piece.starts_with(replacement_)) text += replacement_;
    for (const char c : piece) {
      if (c == ' ') text += replacement_;
      else text += c;
    }
    if (!split_) return out.push_back(text);
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t next = rest.find(replacement_, rest.starts_with(replacement_) ? replacement_.size() : 0);
      out.push_back(rest.substr(0, next));
      rest.remove_prefix(std::min(next, rest.size()));
    }
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
  bool split_;
};

}  // namespace

base::Result<std::unique_ptr<const SplitStep>> split_by_regex(std::string_view pattern, SplitBehavior behavior, bool invert) {
  auto regex = Regex::compile(pattern);
  if (!regex) return base::forward(regex);
  return std::make_unique<SplitByMatches<FindRegex>>(FindRegex{*regex}, behavior, invert);
}

std::unique_ptr<const SplitStep> split_by_string(std::string literal, SplitBehavior behavior, bool invert) {
  return std::make_unique<SplitByMatches<FindString>>(FindString{std::move(literal)}, behavior, invert);
}

std::unique_ptr<const SplitStep> prefix_space() { return std::make_unique<PrefixSpace>(); }

std::unique_ptr<const SplitStep> metaspace(std::string replacement, PrependScheme scheme, bool split) {
  return std::make_unique<Metaspace>(std::move(replacement), scheme, split);
}

void PreTokenizer::split(std::string_view text, SplitContext& context, std::vector<std::string_view>& out) const {
  out.clear();
  if (text.empty()) return;
  out.push_back(text);
  std::vector<std::string_view> before;
  for (const auto& step : steps_) {
    std::swap(before, out);
    out.clear();
    for (std::size_t i = 0; i < before.size(); ++i) step->split(before[i], i == 0, context, out);
  }
}

}  // namespace tokenizer

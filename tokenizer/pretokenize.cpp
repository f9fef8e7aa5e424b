#include "tokenizer/pretokenize.h"

#include <algorithm>
#include <functional>
#include <span>

#include "tokenizer/byte_level.h"

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

// A step that finds delimiters; Find is bool(text, walk, context, match&).
template <class Find>
class SplitByMatches : public SplitStep {
 public:
  SplitByMatches(Find find, SplitBehavior behavior, bool invert) : find_(std::move(find)), behavior_(behavior), invert_(invert) {}

  void split(std::string_view piece, Place, SplitContext& context, std::vector<std::string_view>& out) const override {
    if (behavior_ == SplitBehavior::Isolated) return isolate(piece, context, out);
    std::vector<Segment> segments;
    std::size_t at = 0;
    Regex::Walk walk;
    for (Regex::Match match; find_(piece, walk, context, match); at = match.end) {
      if (match.begin > at) segments.push_back({at, match.begin, invert_});
      segments.push_back({match.begin, match.end, !invert_});
    }
    if (at < piece.size()) segments.push_back({at, piece.size(), invert_});
    if (behavior_ == SplitBehavior::MergedWithPrevious) merge_with_previous(segments);
    if (behavior_ == SplitBehavior::MergedWithNext) merge_with_next(segments);
    if (behavior_ == SplitBehavior::Contiguous) merge_equal(segments);
    for (const Segment& segment : segments) {
      const bool dropped = behavior_ == SplitBehavior::Removed && segment.match;
      if (!dropped && segment.end > segment.begin) out.push_back(piece.substr(segment.begin, segment.end - segment.begin));
    }
  }

 private:
  // Nearly every step of every model: no list of segments needed, and inverting changes nothing.
  void isolate(std::string_view piece, SplitContext& context, std::vector<std::string_view>& out) const {
    std::size_t at = 0;
    Regex::Walk walk;
    for (Regex::Match match; find_(piece, walk, context, match); at = match.end) {
      if (match.begin > at) out.push_back(piece.substr(at, match.begin - at));
      if (match.end > match.begin) out.push_back(piece.substr(match.begin, match.end - match.begin));
    }
    if (at < piece.size()) out.push_back(piece.substr(at));
  }

  Find find_;
  SplitBehavior behavior_;
  bool invert_;
};

struct FindRegex {
  Regex regex;
  bool operator()(std::string_view text, Regex::Walk& walk, SplitContext& context, Regex::Match& match) const {
    return regex.next(text, walk, context.regex, match);
  }
};

struct FindString {
  std::string literal;
  bool operator()(std::string_view text, Regex::Walk& walk, SplitContext&, Regex::Match& match) const {
    const std::size_t at = literal.empty() ? std::string_view::npos : text.find(literal, walk.from);
    if (at == std::string_view::npos) return false;
    match = {at, at + literal.size()};
    walk.from = match.end;
    return true;
  }
};

class PrefixSpace : public SplitStep {
 public:
  void split(std::string_view piece, Place place, SplitContext& context, std::vector<std::string_view>& out) const override {
    if (piece.starts_with(' ') || place == Place::Continues) return out.push_back(piece);
    out.push_back(context.owned.emplace_back(" ").append(piece));
  }
};

class Metaspace : public SplitStep {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)), scheme_(scheme), split_(split) {}

  void split(std::string_view piece, Place place, SplitContext& context, std::vector<std::string_view>& out) const override {
    const bool wanted = scheme_ == PrependScheme::Always ? place != Place::Continues
                                                         : scheme_ == PrependScheme::First && place == Place::DocumentStart;
    std::string& text = context.owned.emplace_back();
    text.reserve(piece.size() + piece.size() / 2);
    if (wanted && !piece.starts_with(' ') && !piece.starts_with(replacement_)) text += replacement_;
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t space = std::min(piece.find(' ', at), piece.size());
      text.append(piece.substr(at, space - at));
      if (space < piece.size()) text += replacement_;
      at = space + 1;
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

class ToSpelling : public SplitStep {
 public:
  void split(std::string_view piece, Place, SplitContext& context, std::vector<std::string_view>& out) const override {
    out.push_back(context.owned.emplace_back(to_printable(piece)));
  }
};

class FromSpelling : public SplitStep {
 public:
  void split(std::string_view piece, Place, SplitContext& context, std::vector<std::string_view>& out) const override {
    out.push_back(context.owned.emplace_back(from_printable(piece).value_or(std::string(piece))));
  }
};

// Whether what stood first in a piece was removed: what is left begins a word, but not the document.
bool lost_its_front(std::string_view piece, const std::vector<std::string_view>& rest) {
  if (rest.empty()) return true;
  const auto* begin = rest[0].data();
  return std::less<>{}(piece.data(), begin) && std::less<>{}(begin, piece.data() + piece.size());
}

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

std::unique_ptr<const SplitStep> to_spelling() { return std::make_unique<ToSpelling>(); }
std::unique_ptr<const SplitStep> from_spelling() { return std::make_unique<FromSpelling>(); }

void PreTokenizer::split(std::string_view text, Place place, SplitContext& context, std::vector<std::string_view>& out) const {
  out.clear();
  if (text.empty()) return;
  out.push_back(text);
  std::vector<std::string_view> before;
  for (const auto& step : steps_) {
    std::swap(before, out);
    out.clear();
    for (std::size_t i = 0; i < before.size(); ++i) {
      step->split(before[i], i == 0 ? place : Place::Begins, context, out);
      if (i == 0 && lost_its_front(before[0], out)) place = Place::Begins;
    }
  }
}

}  // namespace tokenizer

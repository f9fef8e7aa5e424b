#include "engine/ngram/index.h"

#include <algorithm>

namespace engine {
namespace {

bool by_begin(const Segment::DocumentRange& a, const Segment::DocumentRange& b) { return a.begin < b.begin; }

void bury(IndexPart& part, DocumentKey key) {
  const auto range = part.segment->find(key);
  if (!range || part.is_dead(range->begin)) return;
  auto dead = part.dead ? std::make_shared<DeadRanges>(*part.dead) : std::make_shared<DeadRanges>();
  dead->insert(std::upper_bound(dead->begin(), dead->end(), *range, by_begin), *range);
  part.dead = std::move(dead);
}

constexpr std::size_t kMostAfter = 16;  // tokens that are compared
constexpr std::uint32_t kReach = 40;    // how far behind an occurrence they may begin: the rest of a line

// How many of these tokens stand in a row behind a position: from where the first of them is met first.
std::uint32_t shared_after(const Segment& segment, std::uint32_t position, std::span<const TokenId> after) {
  for (std::uint32_t at = position; at < position + kReach; ++at) {
    const TokenId token = segment.token(at);
    if (token == kSeparator) break;
    if (token != after[0]) continue;
    std::uint32_t shared = 1;
    while (shared < after.size() && segment.token(at + shared) == after[shared]) ++shared;
    return shared;
  }
  return 0;
}

// In tokens before the place: half as much, without the first two, which are mostly a line's end and the next one's indentation, and at
// most six, since lines that all files begin with are followed by each other everywhere (bench/results.md compares).
std::uint32_t worth(std::uint32_t shared) { return shared < 2 ? 0 : std::min(6U, (shared - 1) / 2); }

// Occurrences of one length, those of longer contexts left out: two runs of entries around the longer's range.
class Counter {
 public:
  Counter(const IndexPart& part, std::span<const TokenId> after, std::size_t budget, std::vector<Continuation>& out)
      : part_(part), after_(after), left_(budget), out_(out) {}

  void count(EntryRange outer, EntryRange inner, std::uint32_t length) {
    const std::uint32_t all = outer.size() - inner.size();
    if (all == 0 || left_ == 0) return;
    const auto looked_at = std::uint32_t(std::min<std::size_t>(all, left_));
    const float count = part_.weight * float(all) / float(looked_at);
    const Segment& segment = *part_.segment;
    positions_.clear();
    for (std::uint32_t i = 0; i < looked_at; ++i) {
      const auto nth = std::uint32_t(std::uint64_t(i) * all / looked_at);
      const std::uint32_t before = inner.begin - outer.begin;
      positions_.push_back(segment.position(nth < before ? outer.begin + nth : inner.end + (nth - before)));
      segment.prefetch(positions_.back());
    }
    const bool compares = length > 0 && !after_.empty();
    for (const std::uint32_t position : positions_)
      if (!part_.is_dead(position)) out_.push_back({segment.token(position), length + (compares ? worth(shared_after(segment, position, after_)) : 0), count});
    left_ -= looked_at;
  }

 private:
  const IndexPart& part_;
  std::span<const TokenId> after_;
  std::size_t left_;
  std::vector<Continuation>& out_;
  std::vector<std::uint32_t> positions_;
};

void add_up(std::vector<Continuation>& continuations) {
  std::sort(continuations.begin(), continuations.end(),
            [](const Continuation& a, const Continuation& b) { return a.length != b.length ? a.length > b.length : a.token < b.token; });
  std::size_t kept = 0;
  for (const Continuation& one : continuations) {
    if (kept > 0 && continuations[kept - 1].token == one.token && continuations[kept - 1].length == one.length) continuations[kept - 1].count += one.count;
    else continuations[kept++] = one;
  }
  continuations.resize(kept);
  std::sort(continuations.begin(), continuations.end(), [](const Continuation& a, const Continuation& b) {
    if (a.length != b.length) return a.length > b.length;
    return a.count != b.count ? a.count > b.count : a.token < b.token;
  });
}

}  // namespace

bool IndexPart::is_dead(std::uint32_t position) const {
  if (!dead) return false;
  const auto behind = std::upper_bound(dead->begin(), dead->end(), Segment::DocumentRange{0, position, 0}, by_begin);
  return behind != dead->begin() && position <= std::prev(behind)->end;
}

std::size_t IndexPart::live_tokens() const {
  std::size_t live = segment->entries() - segment->documents();
  if (dead)
    for (const auto& range : *dead) live -= range.end - range.begin;
  return live;
}

NgramIndex NgramIndex::with(std::shared_ptr<const Segment> segment, float weight) const {
  NgramIndex out = *this;
  for (std::size_t i = 0; i < segment->documents(); ++i)
    for (IndexPart& part : out.parts_) bury(part, segment->document(i).key);
  out.parts_.push_back({std::move(segment), nullptr, weight});
  return out;
}

NgramIndex NgramIndex::without(DocumentKey key) const {
  NgramIndex out = *this;
  for (IndexPart& part : out.parts_) bury(part, key);
  return out;
}

NgramIndex NgramIndex::before(std::span<const TokenId> after) const {
  NgramIndex out = *this;
  out.after_ = std::make_shared<const std::vector<TokenId>>(after.begin(), after.begin() + std::ptrdiff_t(std::min(after.size(), kMostAfter)));
  return out;
}

LookUp NgramIndex::look_up(std::span<const TokenId> context, const LookUpLimits& limits) const {
  LookUp out;
  const std::span<const TokenId> after = after_ ? std::span<const TokenId>(*after_) : std::span<const TokenId>();
  std::vector<EntryRange> ranges;
  for (const IndexPart& part : parts_) {
    part.segment->context_ranges(context, limits.longest, ranges);
    if (out.occurrences.size() < ranges.size()) out.occurrences.resize(ranges.size());
    Counter counter(part, after, limits.samples, out.continuations);
    EntryRange inner{ranges.back().begin, ranges.back().begin};
    for (std::size_t length = ranges.size(); length-- > 0;) {
      counter.count(ranges[length], inner, std::uint32_t(length));
      out.occurrences[length] += ranges[length].size();
      inner = ranges[length];
    }
  }
  add_up(out.continuations);
  return out;
}

bool NgramIndex::contains(DocumentKey key) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const IndexPart& part) {
    const auto range = part.segment->find(key);
    return range && !part.is_dead(range->begin);
  });
}

std::size_t NgramIndex::live_tokens() const {
  std::size_t sum = 0;
  for (const IndexPart& part : parts_) sum += part.live_tokens();
  return sum;
}

std::size_t NgramIndex::bytes() const {
  std::size_t sum = 0;
  for (const IndexPart& part : parts_) sum += part.segment->bytes();
  return sum;
}

std::shared_ptr<const Segment> merge(std::span<const IndexPart> parts, std::stop_token stop) {
  std::vector<TokenDocument> documents;
  for (const IndexPart& part : parts)
    for (std::size_t i = 0; i < part.segment->documents(); ++i) {
      const auto range = part.segment->document(i);
      if (!part.is_dead(range.begin)) documents.push_back({range.key, part.segment->tokens_of(range)});
    }
  return Segment::build(std::move(documents), std::move(stop));
}

}  // namespace engine

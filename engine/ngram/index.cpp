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

// Occurrences of one length, those of longer contexts left out: two runs of entries around the longer's range.
class Counter {
 public:
  Counter(const IndexPart& part, std::size_t budget, std::vector<Continuation>& out) : part_(part), left_(budget), out_(out) {}

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
    for (const std::uint32_t position : positions_)
      if (!part_.is_dead(position)) out_.push_back({segment.token(position), length, count});
    left_ -= looked_at;
  }

 private:
  const IndexPart& part_;
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

LookUp NgramIndex::look_up(std::span<const TokenId> context, const LookUpLimits& limits) const {
  LookUp out;
  std::vector<EntryRange> ranges;
  for (const IndexPart& part : parts_) {
    part.segment->context_ranges(context, limits.longest, ranges);
    if (out.occurrences.size() < ranges.size()) out.occurrences.resize(ranges.size());
    Counter counter(part, limits.samples, out.continuations);
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

#include "engine/ngram/similar.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace engine {
namespace {

constexpr float kSaturation = 1.2f;   // BM25's k1: how much a term counts that is there again
constexpr std::size_t kLooks = 8;     // candidates looked at for each chunk wanted
constexpr double kRepeats = 0.6;      // a chunk that shares so many of its pairs of tokens with one before it says nothing new

// Half a chunk, counted from its document's start.
struct Half {
  std::uint32_t part = 0, document = 0, number = 0;
  bool operator==(const Half&) const = default;
};

struct HashOfHalf {
  std::size_t operator()(const Half& half) const { return ((half.part * 0x9E3779B97F4A7C15ull + half.document) * 0x9E3779B97F4A7C15ull + half.number) * 0x9E3779B97F4A7C15ull >> 16; }
};

using ByHalf = std::unordered_map<Half, float, HashOfHalf>;

// The document that stands at a position.
std::uint32_t document_at(const Segment& segment, std::uint32_t position) {
  std::size_t low = 0, high = segment.documents();
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (segment.document(middle).begin <= position ? low : high) = middle;
  }
  return std::uint32_t(low);
}

// Where a term stands, and how often; nowhere, where it stands too often.
ByHalf occurrences(const NgramIndex& index, const Term& term, std::size_t half_tokens, std::size_t most) {
  ByHalf out;
  std::vector<EntryRange> ranges;
  std::size_t found = 0;
  for (std::uint32_t part = 0; part < index.parts().size(); ++part) {
    const IndexPart& one = index.parts()[part];
    for (const Spelling& spelling : term) {
      if (spelling.empty()) continue;
      one.segment->context_ranges(spelling, spelling.size(), ranges);
      if (ranges.size() <= spelling.size()) continue;
      const EntryRange range = ranges[spelling.size()];
      if ((found += range.size()) > most) return {};
      for (std::uint32_t entry = range.begin; entry < range.end; ++entry) {
        const std::uint32_t position = one.segment->position(entry) - std::uint32_t(spelling.size());
        if (one.is_dead(position)) continue;
        const std::uint32_t document = document_at(*one.segment, position);
        ++out[{part, document, std::uint32_t((position - one.segment->document(document).begin) / half_tokens)}];
      }
    }
  }
  return out;
}

// Two halves, by the first of them.
struct Candidate {
  Half first;
  float score = 0;
};

bool better(const Candidate& a, const Candidate& b) {
  if (a.score != b.score) return a.score > b.score;
  return std::tie(a.first.part, a.first.document, a.first.number) < std::tie(b.first.part, b.first.document, b.first.number);
}

std::vector<Candidate> rank(const NgramIndex& index, std::span<const Term> terms, std::size_t half_tokens, const SimilarLimits& limits) {
  const double chunks = double(index.live_tokens()) / double(half_tokens) + 1;
  ByHalf scores;
  for (const Term& term : terms) {
    ByHalf counts;
    for (const auto& [at, count] : occurrences(index, term, half_tokens, limits.most_occurrences)) {
      counts[at] += count;
      if (at.number > 0) counts[{at.part, at.document, at.number - 1}] += count;
    }
    const auto rarity = float(std::log(1 + chunks / (0.5 + double(counts.size()))));
    for (const auto& [at, count] : counts) scores[at] += rarity * count * (kSaturation + 1) / (count + kSaturation);
  }
  std::vector<Candidate> out;
  out.reserve(scores.size());
  for (const auto& [at, score] : scores) out.push_back({at, score});
  const std::size_t looked_at = std::min(out.size(), limits.chunks * kLooks);
  std::partial_sort(out.begin(), out.begin() + std::ptrdiff_t(looked_at), out.end(), better);
  out.resize(looked_at);
  return out;
}

Chunk cut(const Segment& segment, const Candidate& candidate, std::size_t half_tokens) {
  const Segment::DocumentRange document = segment.document(candidate.first.document);
  const std::size_t first = document.begin + candidate.first.number * half_tokens, last = std::min<std::size_t>(document.end, first + 2 * half_tokens);
  Chunk chunk{.key = document.key, .begin = std::uint32_t(first - document.begin), .to_the_end = last == document.end, .score = candidate.score};
  for (std::size_t at = first; at < last; ++at) chunk.tokens.push_back(segment.token(at));
  return chunk;
}

std::unordered_set<std::uint64_t> pairs_of(const Chunk& chunk) {
  std::unordered_set<std::uint64_t> out;
  for (std::size_t i = 1; i < chunk.tokens.size(); ++i) out.insert(std::uint64_t(std::uint32_t(chunk.tokens[i - 1])) << 32 | std::uint32_t(chunk.tokens[i]));
  return out;
}

bool repeats(const Chunk& chunk, const std::vector<Chunk>& before) {
  const auto own = pairs_of(chunk);
  return std::any_of(before.begin(), before.end(), [&](const Chunk& other) {
    const auto theirs = pairs_of(other);
    const auto shared = std::count_if(own.begin(), own.end(), [&](std::uint64_t pair) { return theirs.contains(pair); });
    return double(shared) > kRepeats * double(std::min(own.size(), theirs.size()));
  });
}

}  // namespace

std::vector<Chunk> find_similar(const NgramIndex& index, std::span<const Term> terms, const SimilarLimits& limits) {
  const std::size_t half_tokens = std::max<std::size_t>(1, limits.chunk_tokens / 2);
  std::vector<Chunk> out;
  std::vector<Half> taken;
  for (const Candidate& candidate : rank(index, terms, half_tokens, limits)) {
    if (out.size() == limits.chunks) break;
    const Half& half = candidate.first;
    const bool overlaps = std::any_of(taken.begin(), taken.end(), [&](const Half& other) {
      return other.part == half.part && other.document == half.document && other.number + 1 >= half.number && half.number + 1 >= other.number;
    });
    if (overlaps) continue;
    Chunk chunk = cut(*index.parts()[half.part].segment, candidate, half_tokens);
    if (chunk.tokens.empty() || repeats(chunk, out)) continue;
    taken.push_back(half);
    out.push_back(std::move(chunk));
  }
  return out;
}

}  // namespace engine

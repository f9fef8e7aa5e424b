// index.h: the workspace as a language model: segments of documents, seen as one.
// A value made of shared immutable parts: with() and without() give another index in a moment and leave this one as it is;
// look_up() finds what followed the context's last tokens, at every length back-off may come to.
// Immutable once handed out: any thread. A document's newest version is the one added last.
// Liu et al.: "Infini-gram: Scaling Unbounded n-gram Language Models to a Trillion Tokens", 2024.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/ngram/segment.h"

namespace engine {

// Positions of a segment that no longer count: whole documents, in order.
using DeadRanges = std::vector<Segment::DocumentRange>;

struct IndexPart {
  std::shared_ptr<const Segment> segment;
  std::shared_ptr<const DeadRanges> dead;  // by begin; null: none
  float weight = 1;                        // of a token seen here

  bool is_dead(std::uint32_t position) const;
  std::size_t live_tokens() const;
};

// What stood behind the context: `count` times `token`, where exactly the last `length` tokens before it were the context's
// (before() adds to it).
// Counts of a length's back-off are those of this length and of all longer ones.
struct Continuation {
  TokenId token = 0;     // kSeparator: a document ended there
  std::uint32_t length = 0;
  float count = 0;       // by the weights of the parts
};

struct LookUpLimits {
  std::size_t longest = 32;   // tokens of context
  std::size_t samples = 128;  // occurrences looked at in each part, the longest contexts' first; beyond, evenly spaced ones stand for all
};

struct LookUp {
  std::vector<Continuation> continuations;  // by length, longest first, then by count
  std::vector<std::uint64_t> occurrences;   // of the context's last n tokens, [0] the number of tokens; dead ones may be counted
};

class NgramIndex {
 public:
  NgramIndex() = default;
  explicit NgramIndex(std::vector<IndexPart> parts) : parts_(std::move(parts)) {}

  // A part more; where it holds documents by a key that is here already, its own count.
  NgramIndex with(std::shared_ptr<const Segment> segment, float weight = 1) const;
  NgramIndex without(DocumentKey key) const;
  // The same, asked about a place that `after` stands behind: an occurrence that goes on to these tokens too says more, as one of a
  // longer context does: to its length is added what they are worth.
  NgramIndex before(std::span<const TokenId> after) const;

  LookUp look_up(std::span<const TokenId> context, const LookUpLimits& limits = {}) const;

  const std::vector<IndexPart>& parts() const { return parts_; }
  bool contains(DocumentKey key) const;
  std::size_t live_tokens() const;
  std::size_t bytes() const;  // in memory or mapped

 private:
  std::vector<IndexPart> parts_;
  std::shared_ptr<const std::vector<TokenId>> after_;  // null: unknown
};

// The documents of some parts that count, as one part: what merging in the background is. Null where a stop was asked for.
std::shared_ptr<const Segment> merge(std::span<const IndexPart> parts, std::stop_token stop = {});

}  // namespace engine

// similar.h: the chunks of a workspace most like a text: those that share its rarest terms.
// find_similar() ranks windows of `chunk_tokens` tokens, each overlapping the next by half, by BM25 over terms: a term is one identifier
// of the text in each of its spellings as tokens. It asks the index that copying uses, so nothing more is kept and a saved
// file counts at once. Chunks of one answer overlap nowhere and do not repeat each other. Some milliseconds for 50 terms. Pure.
// Robertson and Zaragoza: "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
#pragma once

#include <span>
#include <vector>

#include "engine/ngram/index.h"

namespace engine {

struct SimilarLimits {
  std::size_t chunk_tokens = 128;
  std::size_t chunks = 4;                // at most so many, the most similar first
  std::size_t most_occurrences = 2048;   // of a term: one that stands everywhere says nothing
};

using Spelling = std::vector<TokenId>;
using Term = std::vector<Spelling>;

struct Chunk {
  DocumentKey key = 0;
  std::uint32_t begin = 0;  // tokens into its document
  std::vector<TokenId> tokens;
  bool to_the_end = false;  // it ends with its document
  float score = 0;
};

std::vector<Chunk> find_similar(const NgramIndex& index, std::span<const Term> terms, const SimilarLimits& limits = {});

}  // namespace engine

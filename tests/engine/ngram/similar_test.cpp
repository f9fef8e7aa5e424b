// The chunks most like a text: which come first, and that each is what stands in its document.
#include "engine/ngram/similar.h"

#include <algorithm>
#include <random>

#include "support/catch.h"

namespace {

using namespace engine;
using Tokens = std::vector<TokenId>;

constexpr TokenId kCommon = 1;

// 40 tokens of noise from 100 on, with `terms` among them.
Tokens chunk_with(std::mt19937& random, const Tokens& terms, std::size_t length = 40) {
  Tokens out;
  while (out.size() < length) out.push_back(random() % 4 == 0 ? kCommon : TokenId(100 + random() % 400));
  for (std::size_t i = 0; i < terms.size(); ++i) out[3 + 5 * i] = terms[i];
  return out;
}

NgramIndex index_of(std::vector<Tokens> documents) {
  std::vector<TokenDocument> all;
  for (Tokens& tokens : documents) all.push_back({DocumentKey(all.size() + 1), std::move(tokens)});
  return NgramIndex().with(Segment::build(std::move(all)));
}

std::vector<Term> terms_of(const Tokens& ids) {
  std::vector<Term> out;
  for (const TokenId id : ids) out.push_back({{id}});
  return out;
}

std::vector<DocumentKey> keys(const std::vector<Chunk>& chunks) {
  std::vector<DocumentKey> out;
  for (const Chunk& chunk : chunks) out.push_back(chunk.key);
  return out;
}

}  // namespace

TEST_CASE("similar chunks: those with more of the rarer terms come first, and what stands everywhere says nothing") {
  std::mt19937 random(1);
  std::vector<Tokens> documents;
  for (int i = 0; i < 20; ++i) documents.push_back(chunk_with(random, i == 7 ? Tokens{50, 51, 52} : i == 3 ? Tokens{50} : i == 12 ? Tokens{51, 52} : Tokens{}));
  const NgramIndex index = index_of(documents);
  const auto terms = terms_of({50, 51, 52, kCommon});
  CHECK(keys(find_similar(index, terms, {.chunk_tokens = 40, .chunks = 3, .most_occurrences = 60})) == std::vector<DocumentKey>{8, 13, 4});
  CHECK(find_similar(index, terms_of({999}), {.chunk_tokens = 40}).empty());
  CHECK(find_similar(index, {}, {.chunk_tokens = 40}).empty());
  CHECK(find_similar(NgramIndex(), terms, {.chunk_tokens = 40}).empty());
  CHECK(find_similar(index, terms_of({kCommon}), {.chunk_tokens = 40, .chunks = 3, .most_occurrences = 5}).empty());
}

TEST_CASE("similar chunks: any spelling of a term counts, of several tokens too") {
  std::mt19937 random(2);
  std::vector<Tokens> documents;
  for (int i = 0; i < 10; ++i) documents.push_back(chunk_with(random, {}));
  documents[4][10] = 60, documents[4][11] = 61;
  documents[6][20] = 60;  // the first half alone is another word
  const Term term = {{62}, {60, 61}};
  CHECK(keys(find_similar(index_of(documents), std::vector<Term>{term}, {.chunk_tokens = 40})) == std::vector<DocumentKey>{5});
}

TEST_CASE("similar chunks: each is a stretch of one living document, and they neither overlap nor repeat each other") {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    std::vector<Tokens> documents;
    for (int i = 0; i < 12; ++i) documents.push_back(chunk_with(random, {50, 51}, 20 + random() % 300));
    documents[2] = documents[1];  // a copy of a file
    const NgramIndex all = index_of(documents);
    const NgramIndex index = all.without(4).with(Segment::build({{4, chunk_with(random, {51}, 90)}, {20, chunk_with(random, {50}, 70)}}));
    const auto found = find_similar(index, terms_of({50, 51}), {.chunk_tokens = 64, .chunks = 8});
    REQUIRE(found.size() >= 3);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Chunk& chunk = found[i];
      CHECK(chunk.tokens.size() <= 64);
      if (i > 0) CHECK(chunk.score <= found[i - 1].score);
      bool there = false;
      for (const IndexPart& part : index.parts())
        if (const auto range = part.segment->find(chunk.key); range && !part.is_dead(range->begin)) {
          const Tokens tokens = part.segment->tokens_of(*range);
          there = chunk.begin + chunk.tokens.size() <= tokens.size() && std::equal(chunk.tokens.begin(), chunk.tokens.end(), tokens.begin() + std::ptrdiff_t(chunk.begin));
          CHECK(chunk.to_the_end == (chunk.begin + chunk.tokens.size() == tokens.size()));
        }
      CHECK(there);
      for (std::size_t j = 0; j < i; ++j) {
        CHECK(found[j].tokens != chunk.tokens);
        if (found[j].key == chunk.key) CHECK((found[j].begin + found[j].tokens.size() <= chunk.begin || chunk.begin + chunk.tokens.size() <= found[j].begin));
      }
    }
  }
}

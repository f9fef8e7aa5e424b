// The index over token ids against counting by hand: every look-up of random texts, after documents came, went and were merged.
#include "support/catch.h"

#include <algorithm>
#include <map>
#include <random>

#include "engine/ngram/index.h"
#include "engine/ngram/suffix_array.h"
#include "support/temp_folder.h"

namespace {

using namespace engine;
using Documents = std::map<DocumentKey, std::vector<TokenId>>;
using Counted = std::map<std::pair<std::size_t, TokenId>, float>;  // by length and token

Counted counted_by_hand(const Documents& documents, const std::vector<TokenId>& context, std::size_t longest) {
  Counted out;
  for (const auto& [key, text] : documents)
    for (std::size_t at = 0; at <= text.size(); ++at) {
      std::size_t length = 0;
      while (length < std::min({longest, at, context.size()}) && text[at - 1 - length] == context[context.size() - 1 - length]) ++length;
      out[{length, at < text.size() ? text[at] : kSeparator}] += 1;
    }
  return out;
}

Counted counted(const NgramIndex& index, const std::vector<TokenId>& context, std::size_t longest) {
  Counted out;
  for (const Continuation& one : index.look_up(context, {.longest = longest, .samples = 1 << 20}).continuations)
    out[{one.length, one.token}] += one.count;
  return out;
}

std::vector<TokenId> random_text(std::mt19937& random, int alphabet, std::size_t length) {
  std::vector<TokenId> out;
  while (out.size() < length) {
    // Code repeats itself: sometimes a piece of what is there already.
    if (out.size() > 8 && random() % 3 == 0) {
      const std::size_t from = random() % (out.size() - 4), count = random() % 12;
      for (std::size_t i = 0; i < count; ++i) out.push_back(out[from + i % 4]);
    }
    out.push_back(TokenId(random() % unsigned(alphabet)) * 997);
  }
  out.resize(length);
  return out;
}

}  // namespace

TEST_CASE("a suffix array is what sorting the suffixes gives") {
  std::mt19937 random(1);
  for (int round = 0; round < 600; ++round) {
    const int alphabet = 1 + int(random() % 5);
    std::vector<std::int32_t> text(random() % 60);
    for (auto& symbol : text) symbol = std::int32_t(random() % unsigned(alphabet));
    if (round % 3 == 0)
      for (std::size_t i = text.size() / 2; i < text.size(); ++i) text[i] = text[i - text.size() / 2];
    std::vector<std::int32_t> expected(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) expected[i] = std::int32_t(i);
    std::sort(expected.begin(), expected.end(), [&](int a, int b) {
      return std::lexicographical_compare(text.begin() + a, text.end(), text.begin() + b, text.end());
    });
    CAPTURE(text);
    REQUIRE(suffix_array(text, alphabet) == expected);
  }
}

TEST_CASE("look-ups count what counting by hand counts, while documents come, change, go and are merged") {
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    const int alphabet = 2 + int(random() % 30);
    Documents documents;
    NgramIndex index;
    for (int step = 0; step < 12; ++step) {
      switch (random() % 5) {
        case 0:
        case 1:
        case 2: {  // some documents, new or in a new version
          std::vector<TokenDocument> added;
          for (DocumentKey key = random() % 4; key < 9; key += 1 + random() % 4) {
            documents[key] = random_text(random, alphabet, random() % 80);
            added.push_back({key, documents[key]});
          }
          std::shuffle(added.begin(), added.end(), random);
          index = index.with(Segment::build(added));
          break;
        }
        case 3: {
          const DocumentKey key = random() % 9;
          documents.erase(key);
          index = index.without(key);
          REQUIRE_FALSE(index.contains(key));
          break;
        }
        case 4: index = NgramIndex({IndexPart{merge(index.parts()), nullptr, 1}});
      }
      std::size_t tokens = 0;
      for (const auto& [key, text] : documents) {
        tokens += text.size();
        REQUIRE(index.contains(key));
      }
      REQUIRE(index.live_tokens() == tokens);
      for (int query = 0; query < 4; ++query) {
        std::vector<TokenId> context = random_text(random, alphabet, random() % 20);
        if (!documents.empty() && random() % 2) {  // a context that is there
          const auto& text = documents.begin()->second;
          context.assign(text.begin(), text.begin() + std::ptrdiff_t(text.empty() ? 0 : random() % text.size()));
        }
        const std::size_t longest = random() % 12;
        REQUIRE(counted(index, context, longest) == counted_by_hand(documents, context, longest));
      }
    }
  }
}

TEST_CASE("a sample of many occurrences stands for all of them") {
  std::vector<TokenId> text;
  for (int i = 0; i < 30'000; ++i) text.insert(text.end(), {1, i % 3 == 0 ? 2 : 3});
  const NgramIndex index = NgramIndex().with(Segment::build({{1, text}}));
  const LookUp found = index.look_up(std::vector<TokenId>{1}, {.samples = 500});
  REQUIRE(found.occurrences == std::vector<std::uint64_t>{60'001, 30'000});
  std::map<TokenId, float> of_one;
  float sum = 0;
  for (const auto& one : found.continuations)
    if (one.length == 1) of_one[one.token] += one.count, sum += one.count;
  CHECK(sum == Approx(30'000));
  CHECK(of_one[2] == Approx(10'000).epsilon(0.1));
  CHECK(of_one[3] == Approx(20'000).epsilon(0.1));
}

TEST_CASE("an occurrence that goes on to what stands behind the place is worth a longer context") {
  const std::vector<TokenId> after = {0, 5, 6, 8, 10, 11, 12};
  std::vector<TokenId> near = {1, 2, 7}, far = near;
  near.insert(near.end(), after.begin(), after.end());
  const NgramIndex index = NgramIndex().with(Segment::build({{1, near}, {2, {9, 1, 2, 4, 0, 5, 3, 3}}}));
  const std::vector<TokenId> context = {9, 1, 2};
  const auto first = [&](const NgramIndex& asked) { return asked.look_up(context).continuations.front(); };
  CHECK(first(index).token == 4);
  CHECK(first(index).length == 3);
  CHECK(first(index.before(after)).token == 7);
  CHECK(first(index.before(after)).length == 2 + 3);
  CHECK(first(index.before(std::span(after).first(2))).token == 4);  // both share these, and two say nothing
  CHECK(first(index.before(std::span(after).first(2))).length == 3);
  CHECK(first(index.before({})).length == 3);
  CHECK(first(index.before(after).without(1)).token == 4);

  far.insert(far.end(), 40, 3);
  far.insert(far.end(), after.begin(), after.end());
  CHECK(first(NgramIndex().with(Segment::build({{1, far}})).before(after)).length == 2);  // not the rest of a line any more
  std::vector<TokenId> alike = {1, 2, 7};
  for (TokenId id = 20; id < 60; ++id) alike.push_back(id);
  const NgramIndex copied = NgramIndex().with(Segment::build({{1, alike}}));
  CHECK(first(copied.before(std::span(alike).subspan(3))).length == 2 + 6);  // sixteen in common are worth no more
}

TEST_CASE("a part weighs as it was added") {
  const NgramIndex index = NgramIndex().with(Segment::build({{1, {5, 6}}})).with(Segment::build({{2, {5, 7}}}), 4);
  const LookUp found = index.look_up(std::vector<TokenId>{5});
  REQUIRE(found.continuations.size() >= 2);
  CHECK(found.continuations[0].token == 7);
  CHECK(found.continuations[0].count == 4);
  CHECK(found.continuations[1].token == 6);
  CHECK(found.continuations[1].count == 1);
}

TEST_CASE("a segment comes back from its file as it was, and a damaged file is a sentence or harmless") {
  const tests::TempFolder folder;
  const auto path = folder.path() / "one.ngram";
  std::mt19937 random(3);
  Documents documents = {{3, random_text(random, 9, 200)}, {8, {}}, {9, random_text(random, 9, 90)}};
  std::vector<TokenDocument> list;
  for (const auto& [key, text] : documents) list.push_back({key, text});
  const auto built = Segment::build(list);
  REQUIRE(built->write(path));
  REQUIRE(double(built->bytes()) <= 8.0 * 291 + 100);
  const auto opened = Segment::open(path);
  REQUIRE(opened);
  const std::vector<TokenId> context(documents[3].begin(), documents[3].begin() + 50);
  CHECK(counted(NgramIndex({IndexPart{*opened, nullptr, 1}}), context, 32) == counted_by_hand(documents, context, 32));

  std::vector<std::byte> good;
  {
    const auto file = base::MappedFile::open(path);
    REQUIRE(file);
    good.assign((*file)->bytes().begin(), (*file)->bytes().end());
  }
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> bad = good;
    if (round % 4 == 0) bad.resize(random() % bad.size());
    else bad[round % 2 ? random() % 80 : random() % bad.size()] = std::byte(random());
    auto segment = Segment::of_file(base::MappedFile::of_bytes("bad.ngram", bad));
    if (!segment) {
      REQUIRE(segment.error().message == "bad.ngram: is not an index segment of this version");
      continue;
    }
    const NgramIndex index({IndexPart{*segment, nullptr, 1}});
    index.look_up(context);
    merge(index.without(9).parts());
  }
}

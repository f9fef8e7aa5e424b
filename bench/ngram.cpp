// How fast the index over token ids is built and asked: bench_ngram MODEL MILLIONS FILE... encodes the files, builds one segment, and
// asks it with contexts out of the files. Where MILLIONS of tokens is more than the files hold, the rest is made of pieces of their
// lines in random order, which no context outside of them shares for long. Processor time, one thread.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <random>

#include "base/files.h"
#include "engine/ngram/index.h"
#include "tokenizer/load.h"

namespace {

double seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

using Texts = std::vector<engine::TokenDocument>;

void fill_up(Texts& documents, std::size_t wanted, std::mt19937& random) {
  std::size_t tokens = 0;
  const std::size_t real = documents.size();
  for (const auto& document : documents) tokens += document.tokens.size();
  while (tokens < wanted) {
    engine::TokenDocument made{.key = documents.size(), .tokens = {}};
    for (int piece = 0; piece < 200; ++piece) {
      const auto& from = documents[random() % real].tokens;
      if (from.size() < 32) continue;
      const std::size_t at = random() % (from.size() - 16), count = 2 + random() % 14;
      made.tokens.insert(made.tokens.end(), from.begin() + std::ptrdiff_t(at), from.begin() + std::ptrdiff_t(at + count));
    }
    tokens += made.tokens.size();
    documents.push_back(std::move(made));
  }
}

void measure_look_ups(const engine::NgramIndex& index, const Texts& queries, std::size_t entries, bool with_after) {
  std::mt19937 random(2);
  std::vector<double> times;
  std::size_t lengths = 0, found = 0;
  for (int query = 0; query < 20'000; ++query) {
    const auto& text = queries[random() % queries.size()].tokens;
    const std::size_t end = random() % (text.size() + 1);
    std::vector<engine::TokenId> context(text.begin() + std::ptrdiff_t(end > 48 ? end - 48 : 0), text.begin() + std::ptrdiff_t(end));
    if (!context.empty() && query % 2) context[context.size() - std::min<std::size_t>(context.size(), 1 + random() % 16)] = 77;  // half are new at some length
    const auto there = with_after ? index.before(std::span(text).subspan(std::min(end + 10, text.size()))) : index;
    const auto asked = std::chrono::steady_clock::now();
    const auto answer = there.look_up(context);
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - asked).count());
    lengths += answer.occurrences.size() - 1;
    found += answer.continuations.size();
  }
  std::sort(times.begin(), times.end());
  fmt::print("look-up on {} tokens{}: median {:.1f} us, 95 % {:.1f} us, 99 % {:.1f} us; context matched {:.1f} tokens, {:.1f} continuations\n", entries,
             with_after ? ", with what stands behind" : "", times[times.size() / 2], times[times.size() * 95 / 100], times[times.size() * 99 / 100], double(lengths) / 20'000,
             double(found) / 20'000);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return fmt::print(stderr, "usage: bench_ngram MODEL MILLIONS FILE...\n"), 2;
  const auto tokenizer = tokenizer::load_tokenizer(arguments[1]);
  if (!tokenizer) return fmt::print(stderr, "{}\n", tokenizer.error().message), 1;
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (int i = 3; i < count; ++i) {
    auto text = base::read_file(arguments[i]);
    if (!text) return fmt::print(stderr, "{}\n", text.error().message), 1;
    bytes += text->size();
    texts.push_back(std::move(*text));
  }
  const double start = seconds();
  Texts documents;
  for (const std::string& text : texts) documents.push_back({documents.size(), (*tokenizer)->encode(text)});
  const double encoded = seconds();
  auto segment = engine::Segment::build(documents);
  const double built = seconds();
  fmt::print("source: {:.2f} MB, {} tokens: encoding {:.2f} s, building {:.2f} s, {:.2f} MB/s in all, {:.2f} bytes a token\n", double(bytes) / 1e6,
             segment->entries(), encoded - start, built - encoded, double(bytes) / 1e6 / (built - start), double(segment->bytes()) / double(segment->entries()));

  std::mt19937 random(1);
  const auto queries = documents;
  const auto wanted = std::size_t(std::atof(arguments[2]) * 1e6);
  if (wanted > segment->entries()) {
    fill_up(documents, wanted, random);
    const double from = seconds();
    segment = engine::Segment::build(std::move(documents));
    fmt::print("filled up: {} tokens: building {:.2f} s, {:.2f} million tokens/s\n", segment->entries(), seconds() - from,
               double(segment->entries()) / 1e6 / (seconds() - from));
  }
  const engine::NgramIndex index = engine::NgramIndex().with(segment);
  measure_look_ups(index, queries, segment->entries(), false);
  measure_look_ups(index, queries, segment->entries(), true);
}

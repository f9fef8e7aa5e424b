// What the workspace's word is worth beside a model's: bench_mixing MODEL PLACES FILE... takes places in the files at random, hides the rest of the
// line there from the index of all files, and prints a row for each hidden token: length, count, agreement and kinds of what the index found, and
// the probabilities that model and index gave it. Tab-separated; the mixing's weights (engine/ngram/mixer.h) come of such rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "base/files.h"
#include "engine/load.h"
#include "engine/ngram/index.h"
#include "engine/ngram/predict.h"
#include "tokenizer/load.h"

namespace {

using engine::TokenId;
using Tokens = std::vector<TokenId>;

float probability_of(const engine::Prediction& prediction, TokenId token) {
  for (const engine::TokenChance& chance : prediction.chances)
    if (chance.token == token) return chance.probability;
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return fmt::print(stderr, "usage: bench_mixing MODEL PLACES FILE...\n"), 2;
  const auto tokenizer = tokenizer::load_tokenizer(arguments[1]);
  if (!tokenizer) return fmt::print(stderr, "{}\n", tokenizer.error().message), 1;
  const auto model = engine::load_engine({.path = arguments[1]}, {}, {});
  if (!model) return fmt::print(stderr, "{}\n", model.error().message), 1;
  std::vector<engine::TokenDocument> documents;
  std::vector<Tokens> texts;
  for (int i = 3; i < count; ++i) {
    const auto text = base::read_file(arguments[i]);
    if (!text) return fmt::print(stderr, "{}\n", text.error().message), 1;
    texts.push_back((*tokenizer)->encode(*text));
    documents.push_back({.key = documents.size(), .tokens = texts.back()});
  }
  const engine::NgramIndex all = engine::NgramIndex().with(engine::Segment::build(documents));
  std::mt19937 random(1);
  fmt::print("length\tcount\tagreement\tkinds\tp_model\tp_index\tbest\n");
  for (int place = 0; place < std::atoi(arguments[2]); ++place) {
    const std::size_t which = random() % texts.size();
    const Tokens& text = texts[which];
    if (text.size() < 40) continue;
    const std::size_t at = 16 + random() % (text.size() - 16);
    std::size_t end = at;
    while (end < text.size() && end < at + 24) {
      const std::string piece = (*tokenizer)->decode(std::vector<TokenId>{text[end++]});
      if (piece.find('\n') != std::string::npos) break;
    }
    Tokens rest(text.begin(), text.begin() + std::ptrdiff_t(at));
    rest.insert(rest.end(), text.begin() + std::ptrdiff_t(end), text.end());
    const engine::NgramIndex index = all.with(engine::Segment::build({{.key = which, .tokens = std::move(rest)}}));
    const std::size_t begin = at > 400 ? at - 400 : 0;
    const auto scores = (*model)->score(std::span(text).subspan(begin, end - begin), {});
    if (!scores) return fmt::print(stderr, "{}\n", scores.error().message), 1;
    for (std::size_t i = at; i < end; ++i) {
      const engine::Prediction found = engine::predict(index.look_up(std::span(text).first(i)));
      fmt::print("{}\t{:.3f}\t{:.4f}\t{}\t{:.3g}\t{:.3g}\t{:.3g}\n", found.length, found.count, found.agreement, found.chances.size(), std::exp((*scores)[i - begin - 1]),
                 probability_of(found, text[i]), found.chances.empty() ? 0 : found.chances[0].probability);
    }
  }
  return 0;
}

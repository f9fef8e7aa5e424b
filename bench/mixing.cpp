// What the workspace's word is worth beside a model's: bench_mixing MODEL PLACES FILE... hides stretches of the files from their own index, as
// the server does in idle time (lsp/completion/mix_learning.h), and prints nats a token of the model, of the index, of their mixture with the weights
// that a server begins with, and with those that the samples ask for. The network itself (engine/ngram/mixing_gate.h) is fitted to what bench_gate writes.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "base/files.h"
#include "engine/load.h"
#include "lsp/completion/mix_learning.h"
#include "tokenizer/load.h"

int main(int count, char** arguments) {
  if (count < 4) return fmt::print(stderr, "usage: bench_mixing MODEL PLACES FILE...\n"), 2;
  auto tokenizer = tokenizer::load_tokenizer(arguments[1]);
  if (!tokenizer) return fmt::print(stderr, "{}\n", tokenizer.error().message), 1;
  auto engine = engine::load_engine({.path = arguments[1]}, {}, {});
  if (!engine) return fmt::print(stderr, "{}\n", engine.error().message), 1;
  lsp::Model model;
  model.tokenizer = std::move(*tokenizer), model.engine = std::move(*engine);
  std::vector<engine::TokenDocument> documents;
  for (int i = 3; i < count; ++i) {
    const auto text = base::read_file(arguments[i]);
    if (!text) return fmt::print(stderr, "{}\n", text.error().message), 1;
    documents.push_back({.key = documents.size(), .tokens = model.tokenizer->encode(*text)});
  }
  const engine::NgramIndex index = engine::NgramIndex().with(engine::Segment::build(std::move(documents)));
  std::vector<engine::MixSample> samples;
  for (int place = 1; place <= std::atoi(arguments[2]); ++place) {
    const auto taken = lsp::take_mix_samples(model, index, std::uint64_t(place) * 0x9E3779B97F4A7C15u, {});
    if (!taken) return fmt::print(stderr, "{}\n", taken.error().message), 1;
    samples.insert(samples.end(), taken->begin(), taken->end());
  }
  const engine::MixWeights fitted = engine::fit_mixing(samples), of_model{-60, 0, 0}, of_index{60, 0, 0};
  fmt::print("{} tokens; nats a token: model {:.3f}, index {:.3f}, mixture {:.3f}, with the weights {:.2f}, {:.2f} and {:.2f} {:.3f}\n", samples.size(), mixing_loss(samples, of_model),
             mixing_loss(samples, of_index), mixing_loss(samples, {}), fitted.bias, fitted.certainty, fitted.length, mixing_loss(samples, fitted));
  return 0;
}

// counting_model.h: a Model that counts: the token after i is i + 1, then i + 2 as the second best. It tells how it was called.
// Counting model; then engine::generate() with it. Where it has a clock, a pass takes time on it.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "engine/models/model.h"

namespace tests {

class Counting : public engine::Model {
 public:
  static constexpr tokenizer::TokenId kUsualVocabulary = 20;

  explicit Counting(std::int64_t vocabulary = kUsualVocabulary) { config_.layers = 1, config_.kv_heads = 1, config_.head_width = 2, config_.vocab_size = vocabulary; }

  const engine::ModelConfig& config() const override { return config_; }
  std::vector<engine::Slot> slots() override { return {}; }
  void ready(torch::Device, torch::Dtype, const torch::Tensor&) override {}
  std::int64_t alike_rows() const override { return alike; }

  torch::Tensor forward(const engine::Batch& batch, engine::LogitsOf wanted) override {
    const std::int64_t count = batch.ids_T.size(0);
    if (stops_within && stops_within()) return {};
    const torch::Tensor rows = torch::zeros({1, count, 2});
    batch.sequences.at(0).cache->append(0, rows, rows);
    batch.advance();
    calls.push_back(count);
    if (clock) *clock += pass_ms + row_ms * double(count);
    if (on_call) on_call();
    const std::int64_t vocabulary = config_.vocab_size, given = wanted == engine::LogitsOf::LastTokens ? 1 : count;
    torch::Tensor logits = torch::zeros({given, vocabulary});
    for (std::int64_t i = 0; i < given; ++i) {
      const std::int64_t last = batch.ids_T[count - given + i].item<std::int64_t>();
      logits[i][(last + adds) % vocabulary] = 9;
      logits[i][(last + adds + 1) % vocabulary] = 8;
    }
    return logits;
  }

  std::int64_t alike = 1, adds = 1;
  std::vector<std::int64_t> calls;
  std::function<void()> on_call;
  std::function<bool()> stops_within;  // as a model does whose stop token fires between two layers
  double* clock = nullptr;
  double pass_ms = 0, row_ms = 0;

 private:
  engine::ModelConfig config_;
};

}  // namespace tests

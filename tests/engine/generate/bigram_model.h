// bigram_model.h: a Model whose next token hangs on the last one alone, by a table of probabilities, [from][to].
// It takes several sequences in a pass, and checks that each one's cache is as long as what it has heard.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "engine/models/model.h"

namespace tests {

class Bigram : public engine::Model {
 public:
  explicit Bigram(std::vector<std::vector<double>> table) : table_(std::move(table)) {
    config_.layers = 1, config_.kv_heads = 1, config_.head_width = 2, config_.vocab_size = std::int64_t(table_.size());
  }

  const engine::ModelConfig& config() const override { return config_; }
  std::vector<engine::Slot> slots() override { return {}; }
  void ready(torch::Device, torch::Dtype, const torch::Tensor&) override {}

  torch::Tensor forward(const engine::Batch& batch, engine::LogitsOf wanted) override {
    if (stops_within && stops_within()) return {};
    std::vector<std::int64_t> last_tokens;
    std::int64_t end = 0;
    for (std::size_t i = 0; i < batch.sequences.size(); ++i) {
      const engine::Sequence& sequence = batch.sequences[i];
      end += sequence.count;
      // The cache holds the ids themselves, so that a copied or shared one shows.
      const torch::Tensor ids = batch.ids_T.narrow(0, end - sequence.count, sequence.count).to(torch::kFloat32).view({1, -1, 1}).expand({1, sequence.count, 2});
      caches.push_back(sequence.cache->append(0, ids, ids).keys_KSD.select(2, 0).flatten().clone());
      for (std::int64_t t = wanted == engine::LogitsOf::EveryToken ? end - sequence.count : end - 1; t < end; ++t) last_tokens.push_back(batch.ids_T[t].item<std::int64_t>());
    }
    batch.advance();
    rows.push_back(batch.sequences.size());
    return rows_of(last_tokens);
  }

  std::vector<std::size_t> rows;       // sequences of each pass
  std::vector<torch::Tensor> caches;   // what each sequence's cache held, pass by pass
  std::function<bool()> stops_within;  // as a model does whose stop token fires between two layers

 private:
  torch::Tensor rows_of(const std::vector<std::int64_t>& tokens) const {
    torch::Tensor logits = torch::zeros({std::int64_t(tokens.size()), config_.vocab_size});
    for (std::size_t i = 0; i < tokens.size(); ++i)
      for (std::int64_t to = 0; to < config_.vocab_size; ++to) logits[std::int64_t(i)][to] = std::log(table_[std::size_t(tokens[i])][std::size_t(to)]);
    return logits;
  }

  engine::ModelConfig config_;
  std::vector<std::vector<double>> table_;
};

}  // namespace tests

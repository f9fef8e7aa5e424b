// The loop of our own against libtorch's operations on the same quantised weights: only activations (int8) and the cache
// (f16) are rounded. Ragged batches, long caches, truncation, growth, biases, grouped heads; every table of kernels.
#include "engine/models/packed_model.h"

#include <random>

#include "engine/decode/packable.h"
#include "engine/models/registry.h"
#include "support/catch.h"

namespace {

using engine::Batch;
using engine::KvCache;
using engine::LogitsOf;

engine::ModelConfig config_of(std::int64_t heads, std::int64_t kv_heads, std::int64_t head_width, bool tied, bool bias, const char* architecture = "llama") {
  engine::ModelConfig c;
  c.architecture = architecture;
  c.vocab_size = 203, c.context_length = 4096;
  c.layers = 2, c.width = 96, c.mlp_width = 160;
  c.heads = heads, c.kv_heads = kv_heads, c.head_width = c.rotary_width = head_width;
  c.tied_embeddings = tied, c.attention_bias = bias, c.mlp_bias = bias;
  return c;
}

std::unique_ptr<engine::Model> random_model(const engine::ModelConfig& config, int bits, bool packed = false) {
  auto model = *engine::make_model(config);
  torch::manual_seed(5);
  for (const engine::Slot& slot : model->slots()) {
    const torch::Tensor values = slot.norm ? 1 + 0.2 * torch::randn(slot.shape) : 0.15 * torch::randn(slot.shape);
    if (slot.norm) slot.norm->set(values);
    else if (slot.bias) slot.bias->set_bias(values);
    else {
      auto grouped = *engine::quantize({values.const_data_ptr<float>(), size_t(values.numel())}, slot.shape[0], slot.shape[1], bits);
      if (packed) slot.matrix->set(engine::pack(grouped));
      else slot.matrix->set(std::move(grouped), torch::kCPU, torch::kFloat32);
    }
  }
  model->ready(torch::kCPU, torch::kFloat32, {});
  return model;
}

std::unique_ptr<engine::Model> packed_model(const engine::ModelConfig& config, int bits, int threads) {
  return engine::pack(random_model(config, bits, /*packed=*/true), std::make_unique<engine::Team>(threads));
}

KvCache cache_of(const engine::ModelConfig& c, torch::Dtype dtype) { return KvCache(c.layers, c.kv_heads, c.head_width, torch::kCPU, dtype); }

torch::Tensor random_ids(std::int64_t count) { return torch::randint(0, 203, {count}, torch::kInt64); }

// The root of the mean square of the difference, as a share of the values'.
double off_by(const torch::Tensor& got, const torch::Tensor& wanted) {
  REQUIRE(got.sizes() == wanted.sizes());
  REQUIRE(got.isfinite().all().item<bool>());
  return ((got - wanted).square().mean().sqrt() / wanted.square().mean().sqrt()).item<double>();
}

constexpr double kOfInt8 = 0.1;  // a wrong head or position gives about 1; what rounding activations to 8 bits in each product may add up to over two layers

}  // namespace

TEST_CASE("packed model: the logits of libtorch's operations, whatever the shape") {
  const torch::InferenceMode inference;
  struct Case {
    std::int64_t heads, kv_heads, head_width;
    bool tied, bias;
    int bits;
    const char* architecture = "llama";
  };
  for (const Case& k : {Case{6, 2, 16, true, false, 8}, {3, 3, 32, false, true, 8}, {7, 1, 32, true, true, 4, "qwen2"}, {2, 1, 64, false, false, 4, "mistral"},
                        {6, 3, 32, true, false, 8, "qwen3"}, {6, 2, 32, true, true, 4, "granite"}}) {
    auto config = config_of(k.heads, k.kv_heads, k.head_width, k.tied, k.bias, k.architecture);
    if (config.architecture == "granite") config.multipliers = {12, 0.22, 3}, config.attention_scale = 0.05;
    if (config.architecture == "mistral") config.sliding_window = config.context_length;
    REQUIRE(engine::packable(config));
    const auto plain = random_model(config, k.bits);
    for (const int threads : {1, 3}) {
      const auto packed = packed_model(config, k.bits, threads);
      KvCache a = cache_of(config, torch::kFloat32), b = cache_of(config, torch::kFloat16);
      for (const std::int64_t count : {1, 2, 7, 1, 30, 300, 1, 1, 5}) {  // grows its cache, splits its attention
        const torch::Tensor ids = random_ids(count);
        INFO(k.architecture << ", heads " << k.heads << " of " << k.kv_heads << " x " << k.head_width << ", bits " << k.bits << ", " << threads << " threads, " << count << " behind " << a.length());
        CHECK(off_by(packed->forward(Batch::of(ids, b), LogitsOf::EveryToken), plain->forward(Batch::of(ids, a), LogitsOf::EveryToken)) < kOfInt8);
        REQUIRE(a.length() == b.length());
      }
      a.truncate(37), b.truncate(37);
      const torch::Tensor ids = random_ids(20);
      CHECK(off_by(packed->forward(Batch::of(ids, b), LogitsOf::LastTokens), plain->forward(Batch::of(ids, a), LogitsOf::LastTokens)) < kOfInt8);
    }
  }
}

TEST_CASE("packed model: several sequences of different lengths in one pass") {
  const torch::InferenceMode inference;
  const auto config = config_of(6, 2, 16, true, false);
  const auto plain = random_model(config, 8), packed = packed_model(config, 8, 2);
  std::vector<KvCache> a, b;
  for (const std::int64_t length : {0, 70, 400}) {
    a.push_back(cache_of(config, torch::kFloat32)), b.push_back(cache_of(config, torch::kFloat16));
    if (length == 0) continue;
    const torch::Tensor ids = random_ids(length);
    plain->forward(Batch::of(ids, a.back()), LogitsOf::LastTokens), packed->forward(Batch::of(ids, b.back()), LogitsOf::LastTokens);
  }
  const torch::Tensor ids = random_ids(3 + 1 + 9);
  for (const LogitsOf wanted : {LogitsOf::LastTokens, LogitsOf::EveryToken})
    CHECK(off_by(packed->forward({ids, {{&b[0], 3}, {&b[1], 1}, {&b[2], 9}}}, wanted), plain->forward({ids, {{&a[0], 3}, {&a[1], 1}, {&a[2], 9}}}, wanted)) < kOfInt8);
}

TEST_CASE("packed model: a token at a time gives what a whole prompt gives") {
  const torch::InferenceMode inference;
  const auto config = config_of(6, 2, 16, true, false);
  const auto model = packed_model(config, 4, 2);
  KvCache whole = cache_of(config, torch::kFloat16), few = cache_of(config, torch::kFloat16), single = cache_of(config, torch::kFloat16);
  const torch::Tensor ids = random_ids(90), all = model->forward(Batch::of(ids, whole), LogitsOf::EveryToken);
  for (std::int64_t i = 0; i < 90; ++i) {
    const torch::Tensor one = model->forward(Batch::of(ids.narrow(0, i, 1), single), LogitsOf::LastTokens);
    REQUIRE(off_by(one, all.narrow(0, i, 1)) < kOfInt8);  // attention of many tokens is rounded too
  }
  for (std::int64_t i = 0; i < 90; i += 18) {  // and of a token with its drafts is not
    const torch::Tensor some = model->forward(Batch::of(ids.narrow(0, i, 18), few), LogitsOf::EveryToken);
    KvCache again = cache_of(config, torch::kFloat16);
    torch::Tensor one;
    for (std::int64_t t = 0; t < i + 18; ++t) {
      one = model->forward(Batch::of(ids.narrow(0, t, 1), again), LogitsOf::LastTokens);
      if (t >= i) REQUIRE(off_by(one, some.narrow(0, t - i, 1)) < 2e-3);
    }
  }
}

TEST_CASE("packed model: what its loops cannot do is left to libtorch") {
  auto config = config_of(6, 2, 16, true, false);
  CHECK(engine::packable(config));
  config.width = 80;
  CHECK_FALSE(engine::packable(config));
  config = config_of(6, 2, 8, true, false);
  CHECK_FALSE(engine::packable(config));
  config = config_of(6, 2, 16, true, false);
  config.sliding_window = 4095;
  CHECK_FALSE(engine::packable(config));
  config.layer_sees_all = {true, true};
  CHECK(engine::packable(config));
  config.activation = engine::Activation::GeluTanh;
  CHECK_FALSE(engine::packable(config));
  CHECK(engine::make_model(config_of(6, 2, 16, true, false))->get()->parts());
  CHECK_FALSE(engine::make_model(config_of(6, 2, 16, true, false, "gemma"))->get()->parts());
}

// Log-probabilities equal transformers' on tiny random checkpoints: prefill, one token at a time, after a truncation.
// The folders come from tests/parity/make_goldens.py; $RIGPILOT_PARITY_DATA names others (fresh ones, made by the pytest beside it).
#include <torch/torch.h>

#include <cstdlib>
#include <filesystem>

#include "base/formats/safetensors.h"
#include "engine/models/registry.h"
#include "engine/torch/load_parameters.h"
#include "engine/torch/torch_engine.h"
#include "support/catch.h"

namespace {

using engine::TokenId;
using torch::Tensor;

std::filesystem::path data_folder() {
  const char* set = std::getenv("RIGPILOT_PARITY_DATA");
  return set && *set ? std::filesystem::path(set) : std::filesystem::path(RIGPILOT_SOURCE_DIR) / "tests/parity/data";
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(data_folder())) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

struct Golden {
  std::vector<TokenId> ids, greedy;
  Tensor logprobs_TV;
};

Golden read_golden(const std::filesystem::path& folder) {
  auto file = base::Safetensors::open(folder / "golden.safetensors");
  REQUIRE(file.has_value());
  Golden golden;
  for (const base::SafetensorsTensor& tensor : file->tensors()) {
    void* bytes = const_cast<std::byte*>(tensor.bytes.data());
    if (tensor.name == "logprobs")
      golden.logprobs_TV = torch::from_blob(bytes, {std::int64_t(tensor.shape[0]), std::int64_t(tensor.shape[1])}, torch::kFloat32).clone();
    auto& ids = tensor.name == "ids" ? golden.ids : golden.greedy;
    if (tensor.name != "logprobs") ids.assign(static_cast<TokenId*>(bytes), static_cast<TokenId*>(bytes) + tensor.shape[0]);
  }
  return golden;
}

struct Fixture {
  explicit Fixture(const std::filesystem::path& folder) : golden(read_golden(folder)) {
    auto config = engine::read_hf_config(folder);
    if (!config) FAIL(config.error().message);
    auto made = engine::make_model(*config);
    if (!made) FAIL(made.error().message);
    model = std::move(*made);
    auto source = engine::open_weights(folder);
    if (!source) FAIL(source.error().message);
    auto loaded = engine::load_parameters(*model, **source, {torch::kCPU, torch::kFloat32, engine::Quant::Auto}, {}, {});
    if (!loaded) FAIL(loaded.error().message);
    model->ready(torch::kCPU, torch::kFloat32, loaded->rope_factors);
  }

  engine::KvCache cache() const {
    const engine::ModelConfig& c = model->config();
    return {c.layers, c.kv_heads, c.head_width, torch::kCPU, torch::kFloat32};
  }
  Tensor logprobs(engine::KvCache& cache, size_t first, size_t count) const {
    Tensor ids = torch::empty({std::int64_t(count)}, torch::kInt64);
    for (size_t i = 0; i < count; ++i) ids[std::int64_t(i)] = golden.ids[first + i];
    return model->forward(engine::Batch::of(ids, cache), engine::LogitsOf::EveryToken).log_softmax(-1);
  }
  double worst(const Tensor& got, size_t first) const {
    return (got - golden.logprobs_TV.narrow(0, std::int64_t(first), got.size(0))).abs().max().item<double>();
  }

  Golden golden;
  std::unique_ptr<engine::Model> model;
};

constexpr double kMost = 1e-4;

}  // namespace

TEST_CASE("LLaMA equals transformers", "[parity]") {
  const torch::InferenceMode inference;
  REQUIRE(cases().size() >= 5);
  for (const std::string& name : cases()) {
    INFO(name);
    const Fixture fixture(data_folder() / name);
    const size_t count = fixture.golden.ids.size();

    auto whole = fixture.cache();
    CHECK(fixture.worst(fixture.logprobs(whole, 0, count), 0) <= kMost);

    auto single = fixture.cache();
    for (size_t i = 0; i < count; ++i) CHECK(fixture.worst(fixture.logprobs(single, i, 1), i) <= kMost);

    auto chunks = fixture.cache();  // uneven pieces, so that a mask must count what is cached
    for (size_t at = 0; at < count; at += 7) CHECK(fixture.worst(fixture.logprobs(chunks, at, std::min<size_t>(7, count - at)), at) <= kMost);

    auto cut = fixture.cache();  // a prompt that diverged: the rest is computed again over the kept part
    fixture.logprobs(cut, 0, count);
    cut.truncate(11);
    CHECK(fixture.worst(fixture.logprobs(cut, 11, count - 11), 11) <= kMost);
  }
}

TEST_CASE("greedy continuation and score equal transformers' through the Engine", "[parity]") {
  for (const std::string& name : cases()) {
    INFO(name);
    const Golden golden = read_golden(data_folder() / name);
    auto loaded = engine::load_torch_engine({.path = data_folder() / name, .device = "cpu", .dtype = "f32"}, {}, {});
    if (!loaded) FAIL(loaded.error().message);
    engine::Engine& model = **loaded;

    auto generation = model.generate({.prompt = golden.ids, .max_tokens = 24}, {}, {});
    if (!generation) FAIL(generation.error().message);
    CHECK(generation->ids == golden.greedy);

    auto scores = model.score(golden.ids, {});
    REQUIRE(scores.has_value());
    REQUIRE(scores->size() == golden.ids.size() - 1);
    for (size_t i = 0; i < scores->size(); ++i)
      CHECK(std::abs((*scores)[i] - golden.logprobs_TV[std::int64_t(i)][golden.ids[i + 1]].item<float>()) <= kMost);
  }
}

TEST_CASE("a prompt that starts like an earlier one computes only the rest, with the same result") {
  const Golden golden = read_golden(data_folder() / cases().front());
  auto loaded = engine::load_torch_engine({.path = data_folder() / cases().front(), .device = "cpu", .dtype = "f32"}, {}, {});
  REQUIRE(loaded.has_value());
  engine::Engine& model = **loaded;
  const auto first = model.generate({.prompt = golden.ids, .max_tokens = 8}, {}, {});
  std::vector<TokenId> longer = golden.ids;
  longer.insert(longer.end(), first->ids.begin(), first->ids.begin() + 4);
  const auto second = model.generate({.prompt = longer, .max_tokens = 4}, {}, {});
  CHECK(first->timings.prefill_tokens == std::int64_t(golden.ids.size()));
  CHECK(second->timings.prefill_tokens == 1);
  CHECK(std::vector<TokenId>(first->ids.begin() + 4, first->ids.end()) == second->ids);
}

TEST_CASE("the engine refuses what it cannot do with a sentence and goes on") {
  const auto folder = data_folder() / cases().front();
  auto loaded = engine::load_torch_engine({.path = folder, .device = "cpu", .dtype = "f32"}, {}, {});
  REQUIRE(loaded.has_value());
  engine::Engine& model = **loaded;
  CHECK(model.generate({.prompt = {}}, {}, {}).error().message == "the prompt is empty: expected at least one token");
  CHECK(model.generate({.prompt = {3, 61}}, {}, {}).error().message == "token id 61 is outside the vocabulary: expected 0 to 60");
  CHECK(model.generate({.prompt = {-1}}, {}, {}).error().message == "token id -1 is outside the vocabulary: expected 0 to 60");
  CHECK(model.generate({.prompt = std::vector<TokenId>(65, 1)}, {}, {}).error().message == "the prompt has 65 tokens, but the model's context holds 64");
  CHECK(model.generate({.prompt = std::vector<TokenId>(60, 1), .max_tokens = 100}, {}, {})->stop == engine::StopReason::ContextFull);
  CHECK(model.generate({.prompt = {1}, .max_tokens = 2}, {}, {})->ids.size() == 2);
  CHECK(engine::load_torch_engine({.path = folder, .device = "gpu"}, {}, {}).error().message == "device 'gpu': expected auto, cpu, cuda or cuda:N");
  CHECK(engine::load_torch_engine({.path = folder, .dtype = "f8"}, {}, {}).error().message == "dtype 'f8': expected auto, f32, bf16 or f16");
}

TEST_CASE("stopping is seen before the prompt, between tokens, and by the caller's word") {
  auto loaded = engine::load_torch_engine({.path = data_folder() / cases().front(), .device = "cpu", .dtype = "f32"}, {}, {});
  REQUIRE(loaded.has_value());
  std::stop_source before;
  before.request_stop();
  CHECK((*loaded)->generate({.prompt = {1, 2, 3}}, {}, before.get_token())->stop == engine::StopReason::Cancelled);

  std::stop_source between;
  int seen = 0;
  const auto stopped = (*loaded)->generate({.prompt = {1, 2, 3}, .max_tokens = 20}, [&](const engine::GeneratedToken&) {
    if (++seen == 3) between.request_stop();
    return engine::Verdict::Continue;
  }, between.get_token());
  CHECK(stopped->stop == engine::StopReason::Cancelled);
  CHECK(stopped->ids.size() == 3);

  const auto enough = (*loaded)->generate({.prompt = {1, 2, 3}, .max_tokens = 20}, [](const engine::GeneratedToken&) { return engine::Verdict::Stop; }, {});
  CHECK(enough->stop == engine::StopReason::Caller);
  CHECK(enough->ids.size() == 1);
}

// From named tensors to a model: what is missing, unused or misshapen is named; both spellings give the same model; so do,
// nearly, narrower number formats and quantised weights.
#include "engine/torch/load_parameters.h"

#include <fmt/ranges.h>

#include <fstream>

#include "engine/models/registry.h"
#include "engine/torch/memory_source.h"
#include "support/catch.h"
#include "support/temp_folder.h"

namespace {

using engine::LoadTarget;
using engine::Naming;
using engine::Quant;
using tests::MemorySource;
using torch::Tensor;

const LoadTarget kPlain{torch::kCPU, torch::kFloat32, Quant::Auto};

engine::ModelConfig config() {
  engine::ModelConfig c;
  c.architecture = "llama";
  c.vocab_size = 96, c.context_length = 64, c.layers = 2, c.width = 64, c.mlp_width = 160, c.heads = 6, c.kv_heads = 2, c.head_width = c.rotary_width = 32;
  c.attention_bias = true;
  return c;
}

std::unique_ptr<engine::Model> make(const engine::ModelConfig& c = config()) { return std::move(*engine::make_model(c)); }

std::string refusal(const MemorySource& source, const engine::ModelConfig& c = config()) {
  auto model = make(c);
  const auto loaded = engine::load_parameters(*model, source, kPlain, {}, {});
  return loaded ? "" : loaded.error().message;
}

struct Run {
  Tensor logprobs;
  std::int64_t resident_bytes = 0;
};

Run run(const engine::WeightSource& source, const LoadTarget& target = kPlain) {
  const torch::InferenceMode inference;
  auto model = make();
  const auto loaded = engine::load_parameters(*model, source, target, {}, {});
  if (!loaded) FAIL(loaded.error().message);
  model->ready(torch::kCPU, target.dtype, loaded->rope_factors);
  engine::KvCache cache(2, 2, 32, torch::kCPU, target.dtype);
  const Tensor ids = torch::arange(0, 33, torch::kInt64) * 29 % 96;
  return {model->forward(engine::Batch::of(ids, cache), engine::LogitsOf::EveryToken).log_softmax(-1), loaded->resident_bytes};
}

// The same tensors in a safetensors file whose first tensor starts at a multiple of 8 bytes, or `off` bytes behind one.
std::unique_ptr<engine::WeightSource> in_a_file(const MemorySource& source, const tests::TempFolder& folder, size_t off) {
  std::string header, data;
  for (const engine::WeightView& view : source.weights()) {
    header += fmt::format(R"({}"{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})", header.empty() ? "{" : ",", view.name, fmt::join(view.shape, ","),
                          data.size(), data.size() + view.bytes.size());
    data.append(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size());
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8 + off, ' ');
  const std::uint64_t length = header.size();
  std::ofstream(folder.path() / "model.safetensors", std::ios::binary) << std::string(reinterpret_cast<const char*>(&length), 8) << header << data;
  auto opened = engine::open_weights(folder.path());
  if (!opened) FAIL(opened.error().message);
  return std::move(*opened);
}

double apart(const Run& a, const Run& b) { return (a.logprobs - b.logprobs).abs().mean().item<double>(); }

}  // namespace

TEST_CASE("loading: what is missing, unused or misshapen is named") {
  auto model = make();
  const auto broken = [&](auto&& breaking) {
    MemorySource source = tests::random_weights(*model, Naming::HuggingFace);
    breaking(source);
    return refusal(source);
  };
  const std::string up = "model.layers.1.mlp.up_proj.weight";
  CHECK(broken([](MemorySource&) {}) == "");
  CHECK(broken([&](MemorySource& s) { s.remove(up); }) == "model: tensor '" + up + "' is missing (shape [160, 64] expected)");
  CHECK(broken([&](MemorySource& s) { s.remove(up), s.add(up, torch::zeros({64, 160})); }) == "model: tensor '" + up + "' has shape [64, 160], expected [160, 64]");
  CHECK(broken([&](MemorySource& s) { s.remove("lm_head.weight"); }) == "model: tensor 'lm_head.weight' is missing (shape [96, 64] expected)");
  CHECK(broken([](MemorySource& s) { s.add("model.layers.2.mlp.up_proj.weight", torch::zeros({160, 64})); }) ==
        "model: holds 1 tensor that architecture 'llama' has no use for: model.layers.2.mlp.up_proj.weight");
  CHECK(broken([](MemorySource& s) { for (const char* name : {"a", "b", "c", "d", "e"}) s.add(name, torch::zeros({1})); }) ==
        "model: holds 5 tensors that architecture 'llama' has no use for: a, b, c, d, ...");
  CHECK(broken([](MemorySource& s) { s.add("rope_freqs.weight", torch::ones({5})); }) == "model: tensor 'rope_freqs.weight' has shape [5], expected [16]");
}

TEST_CASE("loading: buffers that are derived anyway may be there") {
  auto model = make();
  MemorySource source = tests::random_weights(*model, Naming::HuggingFace);
  source.add("model.layers.0.self_attn.rotary_emb.inv_freq", torch::ones({16}));
  CHECK(refusal(source) == "");
  auto tied = config();
  tied.tied_embeddings = true;
  CHECK(refusal(source, tied) == "");  // lm_head.weight, saved though it is the embedding
}

TEST_CASE("loading: a checkpoint saved without its head's prefix is the same model") {
  auto model = make();
  const MemorySource source = tests::random_weights(*model, Naming::HuggingFace);
  MemorySource bare(Naming::HuggingFace);
  for (const auto& view : source.weights()) {
    const std::string name = view.name.starts_with("model.") ? view.name.substr(6) : view.name;
    bare.add(name, torch::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape, torch::kFloat32));
  }
  REQUIRE(bare.find("layers.1.mlp.up_proj.weight"));
  CHECK(apart(run(bare), run(source)) == 0);
}

TEST_CASE("loading: progress goes from 0 to 1, and the stop token ends it") {
  auto model = make();
  const MemorySource source = tests::random_weights(*model, Naming::HuggingFace);
  std::vector<double> told;
  REQUIRE(engine::load_parameters(*make(), source, kPlain, [&](double fraction) { told.push_back(fraction); }, {}).has_value());
  CHECK(std::is_sorted(told.begin(), told.end()));
  CHECK(told.front() > 0);
  CHECK(told.back() == 1);
  std::stop_source stop;
  int steps = 0;
  const auto stopped = engine::load_parameters(*make(), source, kPlain, [&](double) { if (++steps == 3) stop.request_stop(); }, stop.get_token());
  CHECK(stopped.error().code == base::ErrorCode::Cancelled);
  CHECK(steps == 3);
}

TEST_CASE("loading: GGUF's names and permuted rows give the same model") {
  auto model = make();
  const Run ours = run(tests::random_weights(*model, Naming::HuggingFace));
  MemorySource gguf = tests::random_weights(*model, Naming::Gguf);
  CHECK(apart(run(gguf), ours) == 0);
  gguf.add("rope_freqs.weight", torch::ones({16}));
  CHECK(apart(run(gguf), ours) == 0);
  gguf.remove("rope_freqs.weight");
  gguf.add("rope_freqs.weight", torch::full({16}, 3.0F));
  CHECK(apart(run(gguf), ours) > 0.01);
}

TEST_CASE("loading: narrower formats and quantised weights are smaller and nearly the same model") {
  struct Case {
    const char* name;
    LoadTarget target;
    double most_apart, most_bytes;  // mean difference of log-probabilities over eight random models (bf16 0.047, int8 0.060, int4 0.80)
  };
  const Case cases[] = {
      {"bf16", {torch::kCPU, torch::kBFloat16, Quant::Auto}, 0.05, 0.5},
      {"f16", {torch::kCPU, torch::kFloat16, Quant::Auto}, 0.01, 0.5},
      {"int8", {torch::kCPU, torch::kFloat32, Quant::Int8}, 0.08, 0.4},
      {"int4", {torch::kCPU, torch::kFloat32, Quant::Int4}, 1.0, 0.3},
      {"int8 in bf16", {torch::kCPU, torch::kBFloat16, Quant::Int8}, 0.1, 0.35},
  };
  for (const Case& c : cases) {
    constexpr int kModels = 8;  // one random model may be twice as sensitive as another
    double sum = 0;
    for (int i = 0; i < kModels; ++i) {
      const MemorySource source = tests::random_weights(*make(), Naming::HuggingFace, 21 + std::uint64_t(i));
      const Run full = run(source), narrow = run(source, c.target);
      CHECK(apart(narrow, full) > 0);
      CHECK(double(narrow.resident_bytes) <= c.most_bytes * double(full.resident_bytes));
      sum += apart(narrow, full);
    }
    INFO(c.name << ": apart by " << sum / kModels);
    CHECK(sum / kModels < c.most_apart);
  }
}

// The meta device computes shapes only, but like a GPU it refuses what is still on the host.
TEST_CASE("on another device nothing stays on the host") {
  const torch::InferenceMode inference;
  const MemorySource source = tests::random_weights(*make(), Naming::Gguf);
  for (const Quant quant : {Quant::Auto, Quant::Int8, Quant::Int4}) {
    auto model = make();
    const auto loaded = engine::load_parameters(*model, source, {torch::kMeta, torch::kFloat16, quant}, {}, {});
    if (!loaded) FAIL(loaded.error().message);
    model->ready(torch::kMeta, torch::kFloat16, loaded->rope_factors);
    engine::KvCache cache(2, 2, 32, torch::kMeta, torch::kFloat16);
    for (int i = 0; i < 3; ++i) {  // a token at a time: scaled_dot_product_attention has no meta form
      const Tensor ids = torch::zeros({1}, torch::TensorOptions(torch::kInt64).device(torch::kMeta));
      const Tensor logits = model->forward(engine::Batch::of(ids, cache), engine::LogitsOf::EveryToken);
      CHECK(logits.device() == torch::kMeta);
      CHECK(logits.sizes() == torch::IntArrayRef({1, 96}));
      CHECK(logits.scalar_type() == torch::kFloat32);
    }
  }
}

TEST_CASE("loading: numbers stored narrow are read as they are") {
  auto model = make();
  const MemorySource wide = tests::random_weights(*model, Naming::HuggingFace);
  MemorySource bf16(Naming::HuggingFace), rounded(Naming::HuggingFace);
  for (const auto& view : wide.weights()) {
    const Tensor values = torch::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape, torch::kFloat32);
    bf16.add(view.name, values.to(torch::kBFloat16));
    rounded.add(view.name, values.to(torch::kBFloat16).to(torch::kFloat32));
  }
  CHECK(apart(run(bf16), run(rounded)) == 0);
}

// The mapping is read-only: a forward pass that wrote into a parameter would end the test.
TEST_CASE("loading: a matrix that the file holds as it is wanted stays where it lies, past the source's end") {
  const torch::InferenceMode inference;
  const MemorySource source = tests::random_weights(*make(), Naming::HuggingFace);
  const Run copied = run(source);
  for (const size_t off : {0, 1}) {
    const tests::TempFolder folder;
    auto file = in_a_file(source, folder, off);
    auto model = make();
    const auto loaded = engine::load_parameters(*model, *file, kPlain, {}, {});
    if (!loaded) FAIL(loaded.error().message);
    CHECK(loaded->resident_bytes == copied.resident_bytes);
    for (const engine::Slot& slot : model->slots())
      if (slot.matrix)
        if (const engine::WeightView* view = file->find(slot.hugging_face)) {
          const void* at = slot.matrix->named_parameters()["weight"].const_data_ptr();
          CHECK((at == view->bytes.data()) == (off == 0));  // no tensor can start at an odd address
        }
    file.reset();
    model->ready(torch::kCPU, torch::kFloat32, loaded->rope_factors);
    engine::KvCache cache(2, 2, 32, torch::kCPU, torch::kFloat32);
    const Tensor ids = torch::arange(0, 33, torch::kInt64) * 29 % 96;
    const Run kept{model->forward(engine::Batch::of(ids, cache), engine::LogitsOf::EveryToken).log_softmax(-1), loaded->resident_bytes};
    CHECK(apart(kept, copied) == 0);
  }
}

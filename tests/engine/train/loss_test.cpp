#include "engine/train/loss.h"

#include <ATen/CPUGeneratorImpl.h>

#include <fstream>
#include <numeric>

#include "engine/models/registry.h"
#include "engine/torch/load_parameters.h"
#include "engine/train/checkpoint.h"
#include "engine/train/optimizer.h"
#include "engine/train/save_model.h"
#include "support/catch.h"
#include "support/temp_folder.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/train/hf_json_trained.h"

using namespace engine;
using torch::Tensor;

namespace {

ModelConfig tiny(std::int64_t kv_heads = 2) {
  ModelConfig c;
  c.architecture = "llama";
  c.vocab_size = 50, c.context_length = 64, c.layers = 2, c.width = 32, c.mlp_width = 48;
  c.heads = 4, c.kv_heads = kv_heads, c.head_width = 8, c.rotary_width = 8, c.tied_embeddings = true;
  c.attention_scale = 1 / std::sqrt(8.0);
  return c;
}

struct Trained {
  std::unique_ptr<Model> model;
  std::vector<Parameter> parameters;
};

Trained made(const ModelConfig& config, std::uint64_t seed = 1) {
  Trained t{std::move(*make_model(config)), {}};
  random_parameters(*t.model, seed, torch::kCPU);
  t.parameters = parameters_of(*t.model, torch::kCPU);
  t.model->ready(torch::kCPU, torch::kFloat32, {});
  const torch::NoGradGuard plain;
  auto generator = at::detail::createCPUGenerator(seed);
  for (Parameter& p : t.parameters) p.value.add_(torch::empty_like(p.value).normal_(0, 0.1, generator));  // no matrix is 0
  return t;
}

MicroBatch batch_of(const std::vector<std::vector<std::int64_t>>& sequences) {
  std::vector<std::int64_t> ids, targets, counts;
  for (const auto& s : sequences) {
    ids.insert(ids.end(), s.begin(), s.end());
    targets.insert(targets.end(), s.begin() + 1, s.end()), targets.push_back(kNoTarget);
    counts.push_back(std::int64_t(s.size()));
  }
  return {torch::tensor(ids), torch::tensor(targets), counts, std::int64_t(ids.size() - sequences.size())};
}

const std::vector<std::vector<std::int64_t>> kSequences = {{1, 5, 9, 13, 2, 7}, {3, 3, 40}, {8, 1, 49, 0, 30, 31, 32, 33, 34}};

}  // namespace

TEST_CASE("sequences of a batch do not see each other: their nats are those that a cache gives one after the other") {
  for (const std::int64_t kv_heads : {2, 4}) {
    Trained t = made(tiny(kv_heads));
    double expected = 0;
    for (const auto& s : kSequences) {
      const torch::NoGradGuard plain;
      KvCache cache(2, kv_heads, 8, torch::kCPU, torch::kFloat32);
      const Tensor logits = t.model->forward(Batch::of(torch::tensor(s), cache), LogitsOf::EveryToken).log_softmax(-1);
      for (size_t i = 0; i + 1 < s.size(); ++i) expected -= logits[std::int64_t(i)][s[i + 1]].item<double>();
    }
    CHECK(loss(*t.model, batch_of(kSequences), false) == Approx(expected).epsilon(1e-5));
    CHECK(add_gradients(*t.model, batch_of(kSequences), 1, false) == Approx(expected).epsilon(1e-5));
  }
}

TEST_CASE("steps are made of micro-batches of few lengths, whose padding nothing is learned from") {
  tests::TempFolder folder;
  {
    std::ofstream file(folder.path() / "000.jsonl");
    for (int i = 0; i < 40; ++i) file << "{\"text\": \"" << std::string(std::size_t(20 + 7 * i % 90), char('a' + i % 26)) << "\"}\n";
  }
  const auto corpus = CorpusSource::open(std::vector{folder.path() / "000.jsonl"});
  REQUIRE(corpus);
  const auto trained = tokenizer::train_bpe({}, {.vocab_size = 257, .special = {"<|endoftext|>"}}, {}, {});
  const auto tokenizer = std::move(*tokenizer::read_hf_json({.tokenizer = tokenizer::hf_json_of(*trained, *tokenizer::find_cuts("code"))}));
  auto stream = SequenceStream::make(*corpus, *tokenizer, {.context = 64, .fim = 0});
  REQUIRE(stream);
  const auto step = take_step(*stream, 1000, 320, torch::kCPU);
  REQUIRE(step);
  std::int64_t tokens = 0;
  for (const MicroBatch& batch : *step) {
    const std::int64_t size = batch.ids_T.size(0);
    CHECK(size % (320 / 16) == 0);
    CHECK(size <= 320);
    CHECK(std::accumulate(batch.counts.begin(), batch.counts.end(), std::int64_t(0)) == size);
    CHECK((batch.targets_T != kNoTarget).sum().item<std::int64_t>() == batch.targets);
    CHECK(size - batch.tokens < 320 / 16);
    tokens += batch.tokens;
  }
  CHECK(tokens >= 1000);
  CHECK(tokens < 1064);

  Trained plain = made(tiny()), padded = made(tiny());
  MicroBatch longer = batch_of(kSequences);
  const double sum = add_gradients(*plain.model, longer, 0.5, false);
  longer.ids_T = torch::cat({longer.ids_T, torch::zeros({5}, torch::kInt64)});
  longer.targets_T = torch::cat({longer.targets_T, torch::full({5}, kNoTarget, torch::kInt64)});
  longer.counts.push_back(5);
  CHECK(add_gradients(*padded.model, longer, 0.5, false) == Approx(sum));
  for (std::size_t i = 0; i < plain.parameters.size(); ++i)
    CHECK(torch::allclose(plain.parameters[i].value.grad(), padded.parameters[i].value.grad(), 1e-4, 1e-6));
}

TEST_CASE("targets count by their weights") {
  Trained plain = made(tiny()), even = made(tiny()), apart = made(tiny());
  MicroBatch batch = batch_of(kSequences);
  const double sum = add_gradients(*plain.model, batch, 0.5, false);
  batch.weights.assign(std::size_t(batch.ids_T.size(0)), 1);
  CHECK(add_gradients(*even.model, batch, 0.5, false) == Approx(sum));
  for (std::size_t i = 0; i < plain.parameters.size(); ++i) CHECK(torch::allclose(plain.parameters[i].value.grad(), even.parameters[i].value.grad(), 1e-4, 1e-6));

  // The second sequence three times as much: as if it were there three times.
  const auto begin = std::ptrdiff_t(kSequences[0].size()), end = begin + std::ptrdiff_t(kSequences[1].size());
  std::fill(batch.weights.begin() + begin, batch.weights.begin() + end, 3.0F);
  Trained thrice = made(tiny());
  const double weighted = add_gradients(*apart.model, batch, 0.5, false);
  CHECK(weighted == Approx(loss(*apart.model, batch, false)));
  CHECK(weighted == Approx(add_gradients(*thrice.model, batch_of({kSequences[0], kSequences[1], kSequences[1], kSequences[1], kSequences[2]}), 0.5, false)));
  for (std::size_t i = 0; i < plain.parameters.size(); ++i) CHECK(torch::allclose(apart.parameters[i].value.grad(), thrice.parameters[i].value.grad(), 1e-4, 1e-6));
}

TEST_CASE("what fills a hole has its weight, and nothing else") {
  const std::vector<std::string> markers = {"<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"};
  tests::TempFolder folder;
  std::ofstream(folder.path() / "000.jsonl") << R"({"text": "one line\nand another\nand a third\n"})" << '\n';
  const auto corpus = CorpusSource::open(std::vector{folder.path() / "000.jsonl"});
  REQUIRE(corpus);
  const auto trained = tokenizer::train_bpe({}, {.vocab_size = 256 + markers.size(), .special = markers}, {}, {});
  const auto tokenizer = std::move(*tokenizer::read_hf_json({.tokenizer = tokenizer::hf_json_of(*trained, *tokenizer::find_cuts("code"))}));
  auto stream = SequenceStream::make(*corpus, *tokenizer, {.context = 64, .fim = 0.7, .suffix_first = 0, .header = 0});
  REQUIRE(stream);
  const auto step = take_step(*stream, 1000, 320, torch::kCPU, 3);
  REQUIRE(step);
  int holes = 0;
  for (const MicroBatch& batch : *step) {
    double sum = 0;
    std::size_t at = 0;
    for (const std::int64_t count : batch.counts) {
      bool held = false;
      for (std::int64_t i = 0; i < count; ++i, ++at) {
        if (batch.ids_T[std::int64_t(at)].item<std::int64_t>() == 2) held = true, ++holes;  // behind the middle marker
        const bool counts = batch.targets_T[std::int64_t(at)].item<std::int64_t>() != kNoTarget;
        CHECK(batch.weights[at] == (!counts ? 0 : held ? 3 : 1));
        sum += double(batch.weights[at]);
      }
    }
    CHECK(batch.weight() == Approx(sum));
  }
  CHECK(holes > 5);
}

TEST_CASE("gradients are the slopes of the loss, for every kind of weight") {
  Trained t = made(tiny());
  const MicroBatch batch = batch_of(kSequences);
  add_gradients(*t.model, batch, 0.5, false);
  for (Parameter& p : t.parameters) {
    const Tensor gradient = p.value.grad();
    REQUIRE(gradient.defined());
    auto generator = at::detail::createCPUGenerator(5);
    const Tensor direction = torch::empty_like(p.value).normal_(0, 1, generator);
    const double step = 5e-3 / direction.norm().item<double>() * std::max(1.0, p.value.norm().item<double>());
    const auto at = [&](double factor) {
      const torch::NoGradGuard plain;
      p.value.add_(direction, factor * step);
      const double value = loss(*t.model, batch, false);
      p.value.add_(direction, -factor * step);
      return value;
    };
    const double slope = 0.5 * (at(1) - at(-1)) / (2 * step), told = (gradient * direction).sum().item<double>();
    CAPTURE(p.name, slope, told);
    CHECK(told == Approx(slope).epsilon(0.03).margin(1e-2));
  }
}

TEST_CASE("gradients of micro-batches add up to those of the whole") {
  Trained whole = made(tiny()), parts = made(tiny());
  add_gradients(*whole.model, batch_of(kSequences), 1, false);
  for (const auto& s : kSequences) add_gradients(*parts.model, batch_of({s}), 1, false);
  for (size_t i = 0; i < whole.parameters.size(); ++i)
    CHECK(torch::allclose(whole.parameters[i].value.grad(), parts.parameters[i].value.grad(), 1e-4, 1e-5));
}

TEST_CASE("bf16 products come near f32's gradients") {
  Trained exact = made(tiny()), narrow = made(tiny());
  add_gradients(*exact.model, batch_of(kSequences), 1, false);
  narrow.model->ready(torch::kCPU, torch::kBFloat16, {});
  add_gradients(*narrow.model, batch_of(kSequences), 1, true);
  for (size_t i = 0; i < exact.parameters.size(); ++i) {
    const Tensor a = exact.parameters[i].value.grad().flatten(), b = narrow.parameters[i].value.grad().flatten();
    CAPTURE(exact.parameters[i].name);
    CHECK(b.scalar_type() == torch::kFloat32);
    CHECK(torch::cosine_similarity(a, b, 0).item<double>() > 0.99);
  }
}

TEST_CASE("both optimizers lower the loss; a checkpoint brings back every number") {
  for (const bool muon : {true, false}) {
    tests::TempFolder folder;
    Trained t = made(tiny()), again = made(tiny(), 2);
    const MicroBatch batch = batch_of(kSequences);
    const auto steps = [&](Trained& of, Optimizer& optimizer, int count) {
      for (int i = 0; i < count; ++i) {
        optimizer.clear_gradients();
        add_gradients(*of.model, batch, 1 / double(batch.targets), false);
        CHECK(optimizer.clip() > 0);
        optimizer.step(0.01);
      }
    };
    const double before = loss(*t.model, batch, false);
    Optimizer first(t.parameters, {.muon = muon}), second(again.parameters, {.muon = muon});
    steps(t, first, 10);
    CHECK(loss(*t.model, batch, false) < before * 0.8);
    const TrainState state{10, 150, {1, 7}};
    REQUIRE(write_checkpoint(folder.path() / "c.safetensors", state, first.state()));
    const auto read = read_checkpoint(folder.path() / "c.safetensors", second.state());
    REQUIRE(read);
    CHECK(*read == state);
    second.set_steps(10);
    steps(t, first, 3), steps(again, second, 3);
    for (size_t i = 0; i < t.parameters.size(); ++i) CHECK(torch::equal(t.parameters[i].value, again.parameters[i].value));
    Optimizer other(made(tiny()).parameters, {.muon = !muon});
    CHECK(read_checkpoint(folder.path() / "c.safetensors", other.state()).has_value() == !muon);  // AdamW keeps more, so its file serves Muon
  }
}

TEST_CASE("a long gradient is cut to the longest allowed, in its own direction") {
  Trained t = made(tiny());
  Optimizer optimizer(t.parameters, {.clip = 0.25});
  add_gradients(*t.model, batch_of(kSequences), 1, false);
  const Tensor before = t.parameters[0].value.grad().clone();
  const double norm = optimizer.clip();
  CHECK(norm > 0.25);
  CHECK(optimizer.clip() == Approx(0.25).epsilon(1e-3));
  CHECK(torch::allclose(t.parameters[0].value.grad(), before * (0.25 / norm), 1e-3, 1e-7));
}

TEST_CASE("an orthogonalised matrix has singular values about 1, whichever way it lies") {
  auto generator = at::detail::createCPUGenerator(3);
  for (const auto dtype : {torch::kBFloat16, torch::kFloat32})
    for (const auto& [rows, columns] : {std::pair{24, 64}, {64, 24}, {32, 32}}) {
      const Tensor orthogonal = orthogonalized(torch::empty({rows, columns}).normal_(0, 3, generator), dtype);
      const Tensor values = std::get<1>(torch::linalg_svd(orthogonal, false));
      CHECK(orthogonal.scalar_type() == torch::kFloat32);
      CHECK(values.min().item<double>() > 0.5);
      CHECK(values.max().item<double>() < 1.4);
    }
}

TEST_CASE("what is saved loads as the same model, in every layout that a file has") {
  const auto with_mlp = [](const char* architecture) {
    ModelConfig c = tiny(4);
    c.architecture = architecture, c.rotary_width = 0, c.tied_embeddings = true, c.activation = Activation::GeluTanh;
    return c;
  };
  for (const ModelConfig& config : {tiny(), with_mlp("gpt2")}) {
    tests::TempFolder folder;
    Trained t = made(config);
    CAPTURE(config.architecture);
    REQUIRE(save_weights(*t.model, folder.path() / "model.safetensors", "F32"));
    const auto source = open_weights(folder.path());
    REQUIRE(source);
    auto again = std::move(*make_model(config));
    const auto loaded = load_parameters(*again, **source, {.device = torch::kCPU, .dtype = torch::kFloat32, .quant = Quant::None}, {}, {});
    REQUIRE(loaded);
    again->ready(torch::kCPU, torch::kFloat32, {});
    CHECK(loss(*again, batch_of(kSequences), false) == loss(*t.model, batch_of(kSequences), false));
  }
}

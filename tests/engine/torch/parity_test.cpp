// Every architecture against transformers in fp32, as a table: the largest difference of a log-probability in prefill, token
// by token, in uneven chunks after a truncation, in a batch of two with different lengths, and from GGUF; and greedy ids.
// The folders ARCHITECTURE-CASE come from tests/parity/make_goldens.py; $RIGPILOT_PARITY_DATA names others (fresh ones, made by
// the pytest beside it). tests/parity/table.py puts the printed table into docs/models.md.
#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>

#include "base/formats/safetensors.h"
#include "engine/models/registry.h"
#include "engine/torch/load_parameters.h"
#include "engine/torch/torch_engine.h"
#include "support/catch.h"

namespace {

namespace fs = std::filesystem;
using engine::Batch;
using engine::KvCache;
using engine::LogitsOf;
using engine::TokenId;
using torch::Tensor;

constexpr double kMost = 1e-4;

std::vector<fs::path> cases() {
  const char* set = std::getenv("RIGPILOT_PARITY_DATA");
  const fs::path data = set && *set ? fs::path(set) : fs::path(RIGPILOT_SOURCE_DIR) / "tests/parity/data";
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(data)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string architecture_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.substr(0, name.find('-'));
}

struct Prompt {
  Tensor ids_T, logprobs_TV;
};
struct Golden {
  Prompt first, second;  // of different lengths
  std::vector<TokenId> greedy;
};

double larger(double a, double b) { return std::isnan(a) || a >= b ? a : b; }  // a NaN stays, and passes no bound

std::vector<TokenId> listed(const Tensor& ids_T) {
  const Tensor narrow = ids_T.to(torch::kInt32);
  return {narrow.const_data_ptr<TokenId>(), narrow.const_data_ptr<TokenId>() + narrow.numel()};
}

Golden read_golden(const fs::path& folder) {
  auto file = base::Safetensors::open(folder / "golden.safetensors");
  if (!file) FAIL(file.error().message);
  std::map<std::string, Tensor> tensors;
  for (const base::SafetensorsTensor& t : file->tensors()) {
    const auto dtype = t.dtype == "I32" ? torch::kInt32 : torch::kFloat32;
    tensors[t.name] = torch::from_blob(const_cast<std::byte*>(t.bytes.data()), std::vector<std::int64_t>(t.shape.begin(), t.shape.end()), dtype).clone();
  }
  const auto ids = [&](const char* name) { return tensors.at(name).to(torch::kInt64); };
  return {{ids("ids"), tensors.at("logprobs")}, {ids("other"), tensors.at("other_logprobs")}, listed(tensors.at("greedy"))};
}

std::unique_ptr<engine::Model> load(const fs::path& path) {
  const auto config = [&]() -> base::Result<engine::ModelConfig> {
    if (path.extension() != ".gguf") return engine::read_hf_config(path);
    auto file = base::Gguf::open(path);
    if (!file) return base::forward(file);
    return engine::read_gguf_config(*file);
  }();
  if (!config) FAIL(config.error().message);
  auto model = engine::make_model(*config);
  if (!model) FAIL(model.error().message);
  auto source = engine::open_weights(path);
  if (!source) FAIL(source.error().message);
  auto loaded = engine::load_parameters(**model, **source, {torch::kCPU, torch::kFloat32, engine::Quant::Auto}, {}, {});
  if (!loaded) FAIL(loaded.error().message);
  (*model)->ready(torch::kCPU, torch::kFloat32, loaded->rope_factors);
  return std::move(*model);
}

class Runs {
 public:
  Runs(engine::Model& model, const Golden& golden) : model_(model), golden_(golden), count_(golden.first.ids_T.size(0)) {}

  double prefill() {
    KvCache cache = empty();
    return run(cache, 0, count_);
  }
  double token_by_token() {
    KvCache cache = empty();
    double worst = 0;
    for (std::int64_t i = 0; i < count_; ++i) worst = larger(worst, run(cache, i, 1));
    return worst;
  }
  double after_truncation() {  // a prompt that diverged: the rest again over the kept part, in pieces that a mask must count behind
    KvCache cache = empty();
    model_.forward(Batch::of(golden_.second.ids_T, cache), LogitsOf::LastTokens);
    cache.truncate(0);
    run(cache, 0, 29);
    cache.truncate(11);
    double worst = 0;
    for (std::int64_t at = 11; at < count_; at += 7) worst = larger(worst, run(cache, at, std::min<std::int64_t>(7, count_ - at)));
    return worst;
  }
  double batch_of_two();

 private:
  KvCache empty() const {
    const engine::ModelConfig& c = model_.config();
    return {c.layers, c.kv_heads, c.head_width, torch::kCPU, torch::kFloat32};
  }
  static double worst(const Tensor& logits, const Tensor& expected) {
    return (logits.log_softmax(-1) - expected).abs().max().item<double>();
  }
  double run(KvCache& cache, std::int64_t first, std::int64_t count) {
    const Tensor logits = model_.forward(Batch::of(golden_.first.ids_T.narrow(0, first, count), cache), LogitsOf::EveryToken);
    return worst(logits, golden_.first.logprobs_TV.narrow(0, first, count));
  }

  engine::Model& model_;
  const Golden& golden_;
  std::int64_t count_;
};

// Two prompts side by side, never of the same length: a long and a short piece, one token of each, then the rest.
double Runs::batch_of_two() {
  KvCache a = empty(), b = empty();
  const Prompt &first = golden_.first, &second = golden_.second;
  double most = 0;
  std::int64_t at_a = 0, at_b = 0;
  for (const auto& [new_a, new_b] : {std::pair<std::int64_t, std::int64_t>{19, 8}, {1, 1}, {count_ - 20, second.ids_T.size(0) - 9}}) {
    const Batch batch{torch::cat({first.ids_T.narrow(0, at_a, new_a), second.ids_T.narrow(0, at_b, new_b)}), {{&a, new_a}, {&b, new_b}}};
    const Tensor logits = model_.forward(batch, LogitsOf::EveryToken);
    most = larger(most, worst(logits.narrow(0, 0, new_a), first.logprobs_TV.narrow(0, at_a, new_a)));
    most = larger(most, worst(logits.narrow(0, new_a, new_b), second.logprobs_TV.narrow(0, at_b, new_b)));
    at_a += new_a, at_b += new_b;
  }
  a.truncate(count_ - 3), b.truncate(at_b - 5);
  const Batch tails{torch::cat({first.ids_T.narrow(0, count_ - 3, 3), second.ids_T.narrow(0, at_b - 5, 5)}), {{&a, 3}, {&b, 5}}};
  const Tensor last = model_.forward(tails, LogitsOf::LastTokens);
  return larger(most, larger(worst(last[0], first.logprobs_TV[-1]), worst(last[1], second.logprobs_TV[-1])));
}

// Through the Engine: the greedy ids are equal, and so are the scores.
bool greedy_equals(const fs::path& path, const Golden& golden) {
  auto loaded = engine::load_torch_engine({.path = path, .device = "cpu", .dtype = "f32"}, {}, {});
  if (!loaded) FAIL(loaded.error().message);
  const std::vector<TokenId> ids = listed(golden.first.ids_T);
  const auto generation = (*loaded)->generate({.prompt = ids, .max_tokens = int(golden.greedy.size())}, {}, {});
  if (!generation) FAIL(generation.error().message);
  const auto scores = (*loaded)->score(ids, {});
  REQUIRE(scores.has_value());
  REQUIRE(scores->size() == ids.size() - 1);
  for (size_t i = 0; i < scores->size(); ++i)
    CHECK(std::abs((*scores)[i] - golden.first.logprobs_TV[std::int64_t(i)][ids[i + 1]].item<float>()) <= kMost);
  return generation->ids == golden.greedy;
}

const char* const kColumns[] = {"prefill", "token by token", "after truncation", "batch of two", "GGUF F32"};

struct Row {
  int cases = 0;
  std::map<std::string, double> worst;  // by column
  bool greedy = true;
};

void print(const std::map<std::string, Row>& rows) {
  std::string text = "| architecture | cases |";
  for (const char* column : kColumns) text += fmt::format(" {} |", column);
  text += " greedy 24 |\n|---|---|---|---|---|---|---|---|\n";
  for (const auto& [name, row] : rows) {
    text += fmt::format("| {} | {} |", name, row.cases);
    for (const char* column : kColumns) text += row.worst.contains(column) ? fmt::format(" {:.0e} |", row.worst.at(column)) : " not named |";
    text += row.greedy ? " equal |\n" : " DIFFERS |\n";
  }
  std::cout << text << std::flush;
}

}  // namespace

TEST_CASE("every architecture equals transformers", "[parity]") {
  const torch::InferenceMode inference;
  std::map<std::string, Row> rows;
  for (const fs::path& folder : cases()) {
    INFO(folder.filename().string());
    Row& row = rows[architecture_of(folder)];
    const auto note = [&, in = folder.filename().string()](const char* column, double value) {
      INFO(column);
      CHECK(value <= kMost);
      row.worst[column] = larger(row.worst[column], value);
    };
    const Golden golden = read_golden(folder);
    const auto check_greedy = [&](const fs::path& path) {
      const bool equal = greedy_equals(path, golden);
      CHECK(equal);
      row.greedy = row.greedy && equal;
    };
    ++row.cases;
    const auto model = load(folder);
    Runs runs(*model, golden);
    note("prefill", runs.prefill());
    note("token by token", runs.token_by_token());
    note("after truncation", runs.after_truncation());
    note("batch of two", runs.batch_of_two());
    check_greedy(folder);
    if (const fs::path gguf = folder / "model.gguf"; fs::exists(gguf)) {
      INFO("GGUF");
      const auto same = load(gguf);
      Runs again(*same, golden);
      note("GGUF F32", larger(larger(again.prefill(), again.token_by_token()), again.batch_of_two()));
      check_greedy(gguf);
    }
  }
  CHECK(rows.size() >= 1);
  print(rows);
}

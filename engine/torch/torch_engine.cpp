#include "engine/torch/torch_engine.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>

#include "base/machine.h"
#include "engine/cache/session_pool.h"
#include "engine/decode/packable.h"
#include "engine/generate/generator.h"
#include "engine/generate/sampler.h"
#include "engine/models/packed_model.h"
#include "engine/models/registry.h"
#include "engine/threads/team.h"
#include "engine/torch/apply_adapter.h"
#include "engine/torch/device.h"
#include "engine/torch/guard.h"
#include "engine/torch/load_parameters.h"
#include "engine/weights/source.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::size_t kMostSessions = 16;

// Bytes of keys and values kept in all: on the host a sixty-fourth of its memory, as editors and compilers want some too.
std::int64_t session_budget(torch::Device device) {
  constexpr std::int64_t kLeast = std::int64_t(256) << 20, kMost = std::int64_t(2) << 30;
  return device.is_cpu() ? std::clamp(base::describe_machine().memory_bytes / 64, kLeast, kMost) : kMost;
}

ChunkSize first_chunk(torch::Device device) {
  return device.is_cpu() ? ChunkSize(64, 512, 250) : ChunkSize(512, 4096, 100);
}

class TorchEngine : public Engine {
 public:
  TorchEngine(std::unique_ptr<Model> model, ModelInfo info, torch::Device device, torch::Dtype dtype)
      : model_(std::move(model)), info_(std::move(info)), device_(device), dtype_(dtype), chunks_(first_chunk(device)),
        sessions_(model_->config(), device, dtype, kMostSessions, session_budget(device)) {
    info_.takes_workspace = true;
  }

  const ModelInfo& info() const override { return info_; }

  base::Result<Generation> generate(const GenerateRequest& request, const OnToken& on_token, std::stop_token stop) override {
    if (auto fine = check(request); !fine) return base::forward(fine);
    return guarded("generating", [&]() -> base::Result<Generation> {
      Session& session = sessions_.take(request.prompt);
      return engine::generate(parts(session), request, on_token, stop);
    });
  }

  base::Result<std::vector<float>> score(std::span<const TokenId> ids, std::stop_token stop) override {
    if (auto fine = check_ids(ids); !fine) return base::forward(fine);
    return guarded("scoring", [&] { return score_windows(ids, stop); });
  }

  base::Result<void> use_adapter(const std::filesystem::path& folder) override {
    return guard("using an adapter", [&]() -> base::Result<void> {
      if (auto applied = apply_adapter(*model_, folder); !applied) return applied;
      info_.adapter = folder.string();
      sessions_.forget();
      return {};
    });
  }

 private:
  GeneratorParts parts(Session& session) { return {*model_, session, chunks_, device_, info_.context_length, &draft_length_}; }

  base::Result<void> check_ids(std::span<const TokenId> ids) const {
    for (const TokenId id : ids)
      if (id < 0 || id >= info_.vocab_size)
        return fail(ErrorCode::InvalidInput, "token id {} is outside the vocabulary: expected 0 to {}", id, info_.vocab_size - 1);
    return {};
  }

  base::Result<void> check(const GenerateRequest& request) const {
    if (request.prompt.empty()) return fail(ErrorCode::InvalidInput, "the prompt is empty: expected at least one token");
    if (std::int64_t(request.prompt.size()) > info_.context_length)
      return fail(ErrorCode::InvalidInput, "the prompt has {} tokens, but the model's context holds {}", request.prompt.size(), info_.context_length);
    return check_ids(request.prompt);
  }

  // After a throw a session may be out of step with its cache: start over with none.
  template <class Function>
  std::invoke_result_t<Function> guarded(std::string_view doing, Function&& function) {
    auto result = guard(doing, function);
    if (!result && result.error().code != ErrorCode::Cancelled) sessions_.clear();
    return result;
  }

  base::Result<std::vector<float>> score_windows(std::span<const TokenId> ids, std::stop_token stop);
  void score_chunk(Session& session, std::span<const TokenId> chunk, std::span<const TokenId> targets, std::vector<float>& out);

  std::unique_ptr<Model> model_;
  ModelInfo info_;
  torch::Device device_;
  torch::Dtype dtype_;
  ChunkSize chunks_;
  DraftLength draft_length_;
  SessionPool sessions_;
};

// Appends the log-probability of targets[i] after chunk[i]; targets may be one shorter than the chunk, or start later in it.
void TorchEngine::score_chunk(Session& session, std::span<const TokenId> chunk, std::span<const TokenId> targets, std::vector<float>& out) {
  torch::Tensor logits = advance(parts(session), chunk, LogitsOf::EveryToken);
  const size_t vocab = size_t(logits.size(1)), skipped = chunk.size() - std::min(chunk.size(), targets.size());
  const float* rows = logits.const_data_ptr<float>();
  for (size_t i = 0; i < targets.size(); ++i) out.push_back(log_probability({rows + (i + skipped) * vocab, vocab}, targets[i]));
}

// Windows of a whole context; each after the first starts half a context back, so every token sees at least that much.
base::Result<std::vector<float>> TorchEngine::score_windows(std::span<const TokenId> ids, std::stop_token stop) {
  std::vector<float> out;
  if (ids.size() < 2) return out;
  const size_t context = size_t(info_.context_length), half = std::max<size_t>(1, context / 2), last = ids.size() - 1;
  constexpr size_t kChunk = 64;  // logits of a chunk are kept at once: 64 x 150,000 floats is 38 MB
  size_t window_start = 0;
  while (out.size() < last) {
    Session session{KvCache(model_->config().layers, model_->config().kv_heads, model_->config().head_width, device_, dtype_), {}};
    const size_t window_end = std::min(last, window_start + context);
    for (size_t at = window_start; at < window_end; at += kChunk) {
      if (stop.stop_requested()) return base::cancelled();
      const size_t end = std::min(window_end, at + kChunk);
      const size_t first_new = std::clamp(out.size(), at, end);  // earlier targets were scored by the window before
      score_chunk(session, ids.subspan(at, end - at), ids.subspan(first_new + 1, end - first_new), out);
    }
    window_start = window_end - std::min(window_end, half);
  }
  return out;
}

ModelInfo describe(const ModelConfig& config, const Loaded& loaded, const LoadOptions& options, torch::Device device, torch::Dtype dtype) {
  ModelInfo info;
  info.architecture = config.architecture;
  info.name = config.name.empty() ? options.path.filename().string() : config.name;
  info.parameters = loaded.parameters;
  info.vocab_size = config.vocab_size;
  info.context_length = options.max_context > 0 ? std::min(options.max_context, config.context_length) : config.context_length;
  info.layers = config.layers, info.width = config.width;
  info.heads = config.heads, info.kv_heads = config.kv_heads, info.head_width = config.head_width;
  info.device = device.str(), info.dtype = dtype_name(dtype);
  switch (options.quant) {
    case Quant::Auto: info.quant = loaded.stored_as.starts_with('q') ? loaded.stored_as : "none"; break;
    case Quant::None: info.quant = "none"; break;
    case Quant::Int8: info.quant = "int8"; break;
    case Quant::Int4: info.quant = "int4"; break;
  }
  info.resident_bytes = loaded.resident_bytes;
  info.end_ids = config.end_ids;
  return info;
}

base::Result<ModelConfig> read_config(const std::filesystem::path& path) {
  if (path.extension() != ".gguf") return read_hf_config(path);
  auto file = base::Gguf::open(path);
  if (!file) return base::forward(file);
  return read_gguf_config(*file);
}

base::Result<std::unique_ptr<Engine>> load(const LoadOptions& options, const Progress& progress, std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  at::set_num_threads(options.threads > 0 ? options.threads : std::max(1, base::describe_machine().cores));
  auto device = choose_device(options.device);
  if (!device) return base::forward(device);
  auto dtype = choose_dtype(options.dtype, *device);
  if (!dtype) return base::forward(dtype);
  auto config = read_config(options.path);
  if (!config) return base::forward(config);
  auto model = make_model(*config);
  if (!model) return base::forward(model, options.path.string());
  auto source = open_weights(options.path);
  if (!source) return base::forward(source);
  // Quantised weights on the CPU have loops of their own, with int8 activations; a dtype that is asked for is kept to.
  const bool packed =
      device->is_cpu() && options.dtype == "auto" && (*model)->parts() && packable(*config) && all_grouped(**model, **source, options.quant);
  if (packed) *dtype = torch::kFloat32;  // of norms and biases
  auto team = packed ? std::make_unique<Team>(options.threads > 0 ? options.threads : team_size()) : nullptr;
  Arena arena;
  auto loaded = load_parameters(**model, **source, {*device, *dtype, options.quant, team.get(), &arena}, progress, stop);
  if (!loaded) return base::forward(loaded);
  (*model)->ready(*device, *dtype, loaded->rope_factors);
  if (packed) *model = pack(std::move(*model), std::move(team), arena.chunks());
  ModelInfo info = describe(*config, *loaded, options, *device, *dtype);
  if (packed) info.dtype = "int8", *dtype = torch::kFloat16;  // of keys and values
  info.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  auto engine = std::make_unique<TorchEngine>(std::move(*model), std::move(info), *device, *dtype);
  if (!options.adapter.empty())
    if (auto used = engine->use_adapter(options.adapter); !used) return base::forward(used);
  return engine;
}

}  // namespace

base::Result<std::unique_ptr<Engine>> load_torch_engine(const LoadOptions& options, const Progress& progress, std::stop_token stop) {
  return guard("loading the model", [&] { return load(options, progress, stop); });
}

base::Result<BackendInfo> torch_backend_info() {
  return guard("asking libtorch", []() -> base::Result<BackendInfo> { return describe_backend(); });
}

}  // namespace engine

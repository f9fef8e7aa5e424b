#include "engine/torch/torch_engine.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "base/machine.h"
#include "engine/cache/session_pool.h"
#include "engine/generate/advance.h"
#include "engine/generate/generator.h"
#include "engine/generate/sampler.h"
#include "engine/torch/apply_adapter.h"
#include "engine/torch/device.h"
#include "engine/torch/guard.h"
#include "engine/torch/load_model.h"

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
  TorchEngine(LoadedModel loaded, LoadOptions options)
      : model_(std::move(loaded.model)), info_(std::move(loaded.info)), options_(std::move(options)), device_(loaded.device), dtype_(loaded.dtype),
        chunks_(first_chunk(device_)), sessions_(model_->config(), device_, dtype_, kMostSessions, session_budget(device_)) {
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

  base::Result<std::vector<float>> score(std::span<const TokenId> ids, std::stop_token stop, const OnLogits& on_logits) override {
    if (auto fine = check_ids(ids); !fine) return base::forward(fine);
    return guarded("scoring", [&] { return score_windows(ids, stop, on_logits); });
  }

  base::Result<void> use_adapter(const std::filesystem::path& folder) override {
    return guard("using an adapter", [&]() -> base::Result<void> {
      if (auto applied = apply_adapter(*model_, folder); !applied) return applied;
      info_.adapter = folder.string();
      sessions_.forget();
      beams_.clear();
      onward_.reset();
      return {};
    });
  }

  base::Result<void> use_draft(const std::filesystem::path& path, std::stop_token stop) override {
    return guard("using a draft model", [&] { return load_draft(path, stop); });
  }

 private:
  GeneratorParts parts(Session& session) { return {*model_, session, chunks_, device_, info_.context_length, &draft_length_, draft_ ? &*draft_ : nullptr, steady_ms, &beams_, &onward_}; }
  base::Result<void> load_draft(const std::filesystem::path& path, const std::stop_token& stop);

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
    if (!result && result.error().code != ErrorCode::Cancelled) {
      sessions_.clear();
      beams_.clear();
      onward_.reset();
      if (draft_) draft_->forget();
    }
    return result;
  }

  base::Result<std::vector<float>> score_windows(std::span<const TokenId> ids, std::stop_token stop, const OnLogits& on_logits);
  void score_chunk(Session& session, std::span<const TokenId> chunk, std::span<const TokenId> targets, std::vector<float>& out, const OnLogits& on_logits);

  std::unique_ptr<Model> model_;
  ModelInfo info_;
  LoadOptions options_;
  torch::Device device_;
  torch::Dtype dtype_;
  ChunkSize chunks_;
  DraftLength draft_length_;
  SessionPool sessions_;
  std::deque<Session> beams_;
  std::optional<Session> onward_;
  std::optional<DraftModel> draft_;
};

// Rows beyond the last token fill a table up to a round number, in one size of a family of models more than in another.
constexpr std::int64_t kPadding = 256;

base::Result<void> TorchEngine::load_draft(const std::filesystem::path& path, const std::stop_token& stop) {
  if (path.empty()) {
    draft_.reset();
    info_.draft.clear(), info_.draft_bytes = 0;
    return {};
  }
  if (model_->alike_rows() == 1)
    return fail(ErrorCode::Unsupported, "{}: drafts are verified by models whose weights are int8 or int4 and run on the CPU; {} is not one", path.string(), options_.path.string());
  LoadOptions options = options_;
  options.path = path, options.adapter.clear(), options.max_context = info_.context_length;
  auto loaded = load_model(options, {}, stop);
  if (!loaded) return base::forward(loaded);
  const ModelInfo& info = loaded->info;
  if (std::abs(info.vocab_size - info_.vocab_size) > kPadding)
    return fail(ErrorCode::InvalidInput, "{}: has a vocabulary of {} tokens; to draft for {} it needs the same one, of {}", path.string(), info.vocab_size, options_.path.string(),
                info_.vocab_size);
  draft_length_.has_draft_model(double(info.resident_bytes) / double(std::max<std::int64_t>(1, info_.resident_bytes)));
  info_.draft = info.name, info_.draft_bytes = info.resident_bytes;
  draft_.emplace(DraftModelParts{std::move(loaded->model), loaded->device, loaded->dtype, info.context_length, first_chunk(loaded->device), session_budget(loaded->device) / 4});
  return {};
}

// Appends the log-probability of targets[i] after chunk[i]; targets may be one shorter than the chunk, or start later in it.
void TorchEngine::score_chunk(Session& session, std::span<const TokenId> chunk, std::span<const TokenId> targets, std::vector<float>& out, const OnLogits& on_logits) {
  torch::Tensor logits = advance(*model_, session, device_, chunk, LogitsOf::EveryToken);
  const size_t vocab = size_t(logits.size(1)), skipped = chunk.size() - std::min(chunk.size(), targets.size());
  const float* rows = logits.const_data_ptr<float>();
  for (size_t i = 0; i < targets.size(); ++i) {
    const std::span<const float> row(rows + (i + skipped) * vocab, vocab);
    out.push_back(log_probability(row, targets[i]));
    if (on_logits) on_logits(row);
  }
}

// Windows of a whole context; each after the first starts half a context back, so every token sees at least that much.
base::Result<std::vector<float>> TorchEngine::score_windows(std::span<const TokenId> ids, std::stop_token stop, const OnLogits& on_logits) {
  std::vector<float> out;
  if (ids.size() < 2) return out;
  const size_t context = size_t(info_.context_length), half = std::max<size_t>(1, context / 2), last = ids.size() - 1;
  constexpr size_t kLogits = 10'000'000;  // of a chunk, kept at once: 40 MB
  const size_t chunk = std::clamp<size_t>(kLogits / size_t(info_.vocab_size), 64, 256);
  size_t window_start = 0;
  while (out.size() < last) {
    Session session{KvCache(model_->config().layers, model_->config().kv_heads, model_->config().head_width, device_, dtype_), {}};
    const size_t window_end = std::min(last, window_start + context);
    for (size_t at = window_start; at < window_end; at += chunk) {
      if (stop.stop_requested()) return base::cancelled();
      const size_t end = std::min(window_end, at + chunk);
      const size_t first_new = std::clamp(out.size(), at, end);  // earlier targets were scored by the window before
      score_chunk(session, ids.subspan(at, end - at), ids.subspan(first_new + 1, end - first_new), out, on_logits);
    }
    window_start = window_end - std::min(window_end, half);
  }
  return out;
}

base::Result<std::unique_ptr<Engine>> load(const LoadOptions& options, const Progress& progress, std::stop_token stop) {
  at::set_num_threads(options.threads > 0 ? options.threads : std::max(1, base::describe_machine().cores));
  auto loaded = load_model(options, progress, stop);
  if (!loaded) return base::forward(loaded);
  auto engine = std::make_unique<TorchEngine>(std::move(*loaded), options);
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

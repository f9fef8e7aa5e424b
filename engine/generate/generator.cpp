#include "engine/generate/generator.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "engine/generate/sampler.h"

namespace engine {
namespace {

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

std::span<float> row(torch::Tensor& logits_1V) { return {logits_1V.mutable_data_ptr<float>(), size_t(logits_1V.size(1))}; }

// The prompt's logits, or nullopt where the stop token fired between chunks.
std::optional<torch::Tensor> prefill(const GeneratorParts& parts, std::span<const TokenId> prompt, std::stop_token stop, Timings& timings) {
  const auto start = Clock::now();
  torch::Tensor logits;
  while (parts.session.ids.size() < prompt.size()) {
    if (stop.stop_requested()) break;
    const std::span<const TokenId> left = prompt.subspan(parts.session.ids.size());
    const auto chunk = left.first(std::min(left.size(), size_t(parts.chunks.next())));
    const auto chunk_start = Clock::now();
    logits = advance(parts, chunk, LogitsOf::LastTokens, stop);
    if (!logits.defined()) break;
    parts.chunks.measured(std::int64_t(chunk.size()), ms_since(chunk_start));
    timings.prefill_tokens += std::int64_t(chunk.size());
  }
  timings.prefill_ms = ms_since(start);
  if (parts.session.ids.size() < prompt.size()) return std::nullopt;
  return logits;
}

bool contains(const std::vector<TokenId>& ids, TokenId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

// The next id and its log-probability under the model's own distribution, before bans and steering.
GeneratedToken next_token(std::span<float> logits, const GenerateRequest& request, const Generation& so_far, Random& random) {
  std::vector<float> own;
  const bool changed = !request.banned_ids.empty() || request.steer;
  if (changed) own.assign(logits.begin(), logits.end());
  for (const TokenId id : request.banned_ids)
    if (id >= 0 && size_t(id) < logits.size()) logits[size_t(id)] = -std::numeric_limits<float>::infinity();
  if (request.steer) request.steer(so_far.ids, logits);
  const TokenId id = choose(logits, request.sampling, random);
  return {id, log_probability(changed ? std::span<const float>(own) : std::span<const float>(logits), id)};
}

StopReason decode(const GeneratorParts& parts, const GenerateRequest& request, const OnToken& on_token, std::stop_token stop,
                  torch::Tensor logits, Generation& out) {
  Random random(request.sampling.seed);
  while (std::int64_t(out.ids.size()) < request.max_tokens) {
    if (stop.stop_requested()) return StopReason::Cancelled;
    const GeneratedToken token = next_token(row(logits), request, out, random);
    if (contains(request.end_ids, token.id)) return StopReason::EndToken;
    out.ids.push_back(token.id);
    out.logprobs.push_back(token.logprob);
    if (on_token && on_token(token) == Verdict::Stop) return StopReason::Caller;
    if (std::int64_t(out.ids.size()) == request.max_tokens) break;
    if (std::int64_t(parts.session.ids.size()) >= parts.context) return StopReason::ContextFull;
    logits = advance(parts, {&token.id, 1}, LogitsOf::LastTokens, stop);
    if (!logits.defined()) return StopReason::Cancelled;
  }
  return StopReason::MaxTokens;
}

}  // namespace

torch::Tensor advance(const GeneratorParts& parts, std::span<const TokenId> ids, LogitsOf wanted, std::stop_token stop) {
  torch::Tensor ids_T = torch::empty({std::int64_t(ids.size())}, torch::kInt64);
  std::copy(ids.begin(), ids.end(), ids_T.mutable_data_ptr<std::int64_t>());
  Batch batch = Batch::of(ids_T.to(parts.device), parts.session.cache);
  batch.stop = std::move(stop);
  const torch::Tensor logits = parts.model.forward(batch, wanted);
  if (!logits.defined()) return logits;
  parts.session.ids.insert(parts.session.ids.end(), ids.begin(), ids.end());
  return logits.to(torch::kCPU).contiguous();  // the one wait for the device in a step
}

Generation generate(const GeneratorParts& parts, const GenerateRequest& request, const OnToken& on_token, std::stop_token stop) {
  Generation out;
  out.timings.prompt_tokens = std::int64_t(request.prompt.size());
  std::optional<torch::Tensor> logits = prefill(parts, request.prompt, stop, out.timings);
  if (!logits) {
    out.stop = StopReason::Cancelled;
    return out;
  }
  const auto start = Clock::now();
  out.stop = decode(parts, request, on_token, stop, std::move(*logits), out);
  out.timings.decode_ms = ms_since(start);
  out.timings.decode_tokens = std::int64_t(out.ids.size());
  return out;
}

}  // namespace engine

#include "engine/ngram/copy_engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "engine/ngram/index.h"

namespace engine {
namespace {

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr TokenId kNothing = -1;
constexpr std::int64_t kContext = std::int64_t(1) << 30;  // no limit of its own
constexpr std::size_t kLookedAhead = 8;

}  // namespace

CopyEngine::CopyEngine(std::int64_t vocab_size, BlendWeights weights) : weights_(weights), logits_(std::size_t(vocab_size)) {
  info_.architecture = kCopyArchitecture;
  info_.name = "none";
  info_.vocab_size = vocab_size;
  info_.context_length = kContext;
  info_.device = "cpu";
  info_.dtype = "none";
  info_.quant = "none";
  info_.takes_workspace = true;
}

// What may follow, the likeliest first, and how likely it was that something of it would.
CopyEngine::Options CopyEngine::options(const GenerateRequest& request, std::span<const TokenId> text, std::span<const TokenId> so_far, std::size_t samples) {
  Options out;
  Prediction prediction = predict(request.workspace->look_up(text, {.samples = samples}), weights_);
  std::fill(logits_.begin(), logits_.end(), kNever);
  for (const TokenChance& chance : prediction.chances) {
    if (chance.token == kSeparator) out.ends = chance.probability;
    else if (std::size_t(chance.token) < logits_.size()) logits_[std::size_t(chance.token)] = std::log(chance.probability);
  }
  for (const TokenId id : request.banned_ids)
    if (id >= 0 && std::size_t(id) < logits_.size()) logits_[std::size_t(id)] = kNever;
  if (request.steer) request.steer(so_far, logits_);
  for (const TokenChance& chance : prediction.chances) {
    out.before += chance.probability;
    if (std::size_t(chance.token) >= logits_.size() || logits_[std::size_t(chance.token)] == kNever) continue;
    out.after += chance.probability;
    out.chances.push_back(chance);
  }
  return out;
}

// Of a half typed word, "re" of "return" is a token too, but nothing that "turn" would follow: one step ahead tells.
void CopyEngine::look_ahead(const GenerateRequest& request, std::span<const TokenId> text, std::span<const TokenId> so_far, Options& options) {
  std::vector<TokenId> next_text(text.begin(), text.end()), next(so_far.begin(), so_far.end());
  next_text.push_back(0);
  next.push_back(0);
  const std::size_t looked_at = std::min(options.chances.size(), kLookedAhead);
  for (std::size_t i = 0; i < looked_at; ++i) {
    next_text.back() = next.back() = options.chances[i].token;
    const Options then = this->options(request, next_text, next, kSamples);
    if (then.after < 0.999f * (then.before - then.ends)) options.chances[i].probability *= then.after;
  }
  options.chances.resize(looked_at);
  std::stable_sort(options.chances.begin(), options.chances.end(), [](const TokenChance& a, const TokenChance& b) { return a.probability > b.probability; });
}

// Of the vocabulary, what steering lets through.
float CopyEngine::fitting_share(const GenerateRequest& request, std::span<const TokenId> so_far) {
  std::fill(logits_.begin(), logits_.end(), 0.f);
  request.steer(so_far, logits_);
  return float(std::count_if(logits_.begin(), logits_.end(), [](float logit) { return logit > kNever; })) / float(logits_.size());
}

GeneratedToken CopyEngine::next(const GenerateRequest& request, std::span<const TokenId> text, std::span<const TokenId> so_far) {
  const bool half_word = request.steer && so_far.size() < 2;
  Options found = options(request, text, so_far, half_word ? kSamplesForHalfWord : kSamples);
  if (found.chances.empty()) return {kNothing, kNever};
  if (found.ends > found.chances[0].probability && !half_word) return {kNothing, std::log(found.ends)};
  const bool steered = request.steer && found.after < 0.999f * (found.before - found.ends);
  if (steered) look_ahead(request, text, so_far, found);
  float logprob = std::log(found.chances[0].probability);
  // A token never seen here might have been typed as well: as likely one that fits as those of the vocabulary fit.
  if (steered) logprob -= std::log(found.after + std::max(0.F, 1 - found.before) * fitting_share(request, so_far));
  return {found.chances[0].token, std::min(logprob, 0.f)};
}

base::Result<Generation> CopyEngine::generate(const GenerateRequest& request, const OnToken& on_token, std::stop_token stop) {
  if (request.prompt.empty()) return base::fail(base::ErrorCode::InvalidInput, "the prompt is empty: expected at least one token");
  Generation out;
  out.timings.prompt_tokens = std::int64_t(request.prompt.size());
  out.stop = StopReason::EndToken;
  if (!request.workspace) return out;
  const auto start = Clock::now();
  std::vector<TokenId> text = request.prompt;
  while (std::int64_t(out.ids.size()) < request.max_tokens) {
    if (stop.stop_requested()) {
      out.stop = StopReason::Cancelled;
      break;
    }
    const GeneratedToken token = next(request, text, out.ids);
    if (token.id == kNothing || std::find(request.end_ids.begin(), request.end_ids.end(), token.id) != request.end_ids.end()) break;
    out.ids.push_back(token.id);
    out.logprobs.push_back(token.logprob);
    text.push_back(token.id);
    if (on_token && on_token(token) == Verdict::Stop) {
      out.stop = StopReason::Caller;
      break;
    }
    if (std::int64_t(out.ids.size()) == request.max_tokens) out.stop = StopReason::MaxTokens;
  }
  out.timings.decode_ms = ms_since(start);
  out.timings.decode_tokens = std::int64_t(out.ids.size());
  return out;
}

base::Result<std::vector<float>> CopyEngine::score(std::span<const TokenId> ids, std::stop_token, const OnLogits& on_logits) {
  const float even = -std::log(float(std::max<std::int64_t>(info_.vocab_size, 1)));
  std::vector<float> out;
  const std::vector<float> all(on_logits ? std::size_t(info_.vocab_size) : 0, even);
  for (std::size_t i = 1; i < ids.size(); ++i) {
    out.push_back(even);
    if (on_logits) on_logits(all);
  }
  return out;
}

}  // namespace engine

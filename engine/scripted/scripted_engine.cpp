#include "engine/scripted/scripted_engine.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>

#include "tokenizer/byte_tokenizer.h"

namespace engine {
namespace {

using tokenizer::byte_ids::kCount;
using tokenizer::byte_ids::kEnd;
using tokenizer::byte_ids::kFimMiddle;
using tokenizer::byte_ids::kFimPrefix;
using tokenizer::byte_ids::kFimSuffix;

// Sleeps unless the token fires first; true when it did.
bool sleep_or_stop(double ms, std::stop_token stop) {
  if (ms <= 0) return stop.stop_requested();
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, std::chrono::duration<double, std::milli>(ms), [] { return false; });
  return stop.stop_requested();
}

std::string bytes_of(std::span<const TokenId> ids) {
  std::string text;
  for (const TokenId id : ids)
    if (id < 256) text += char(id);
  return text;
}

// The text before the cursor, as a prompt spells it: PRE prefix SUF suffix MID typed -> prefix + typed.
std::string before_cursor(std::span<const TokenId> prompt) {
  const auto suffix = std::find(prompt.begin(), prompt.end(), kFimSuffix);
  const auto middle = std::find(prompt.begin(), prompt.end(), kFimMiddle);
  if (suffix == prompt.end() || middle == prompt.end() || middle < suffix) return bytes_of(prompt);
  return bytes_of({prompt.begin(), suffix}) + bytes_of({middle, prompt.end()});
}

class ScriptedEngine : public Engine {
 public:
  explicit ScriptedEngine(Script script) : script_(std::move(script)), used_(script_.replies.size()) {
    info_.architecture = "scripted", info_.name = "scripted";
    info_.vocab_size = kCount, info_.context_length = script_.context_length;
    info_.device = "cpu", info_.dtype = "none", info_.quant = "none";
    info_.end_ids = {kEnd}, info_.load_ms = script_.load_ms;
  }

  const ModelInfo& info() const override { return info_; }
  bool has_fim() const { return script_.fim; }

  base::Result<Generation> generate(const GenerateRequest& request, const OnToken& on_token, std::stop_token stop) override {
    if (request.prompt.empty()) return base::fail(base::ErrorCode::InvalidInput, "the prompt is empty: expected at least one token");
    if (std::int64_t(request.prompt.size()) > info_.context_length)
      return base::fail(base::ErrorCode::InvalidInput, "the prompt has {} tokens, but the model's context holds {}", request.prompt.size(), info_.context_length);
    Generation out;
    out.timings.prompt_tokens = std::int64_t(request.prompt.size());
    if (prefill(request.prompt, out.timings, stop)) {
      out.stop = StopReason::Cancelled;
      return out;
    }
    const ScriptedReply* reply = choose_reply(request.prompt);
    if (reply && reply->error) return base::fail(base::ErrorCode::Failed, "{}", *reply->error);
    write(reply ? reply->text : std::string(), request, on_token, stop, out);
    return out;
  }

  base::Result<std::vector<float>> score(std::span<const TokenId> ids, std::stop_token) override {
    return std::vector<float>(ids.empty() ? 0 : ids.size() - 1, float(script_.logprob));
  }

 private:
  // True when stopped. Looks at the stop token every 16 tokens, as a real engine does between chunks.
  bool prefill(const std::vector<TokenId>& prompt, Timings& timings, std::stop_token stop) {
    const auto shared = std::mismatch(prompt.begin(), prompt.end(), seen_.begin(), seen_.end()).first - prompt.begin();
    std::int64_t left = std::max<std::int64_t>(1, std::int64_t(prompt.size()) - shared);
    seen_.assign(prompt.begin(), prompt.end() - left);
    while (left > 0) {
      const std::int64_t chunk = std::min<std::int64_t>(16, left);
      if (sleep_or_stop(double(chunk) * script_.prefill_ms_per_token, stop)) return true;
      left -= chunk;
      timings.prefill_tokens += chunk;
      timings.prefill_ms += double(chunk) * script_.prefill_ms_per_token;
      seen_.assign(prompt.begin(), prompt.end() - left);
    }
    return stop.stop_requested();
  }

  const ScriptedReply* choose_reply(const std::vector<TokenId>& prompt) {
    const std::string before = before_cursor(prompt), whole = bytes_of(prompt);
    for (size_t i = 0; i < script_.replies.size(); ++i) {
      const ScriptedReply& reply = script_.replies[i];
      if (used_[i] || (reply.before && !before.ends_with(*reply.before))) continue;
      if (reply.contains && whole.find(*reply.contains) == std::string::npos) continue;
      used_[i] = reply.once;
      return &reply;
    }
    return nullptr;
  }

  // The id that the model's logits and the request's bans and steering lead to.
  TokenId next(TokenId wanted, const GenerateRequest& request, const Generation& out) const {
    std::vector<float> logits(size_t(kCount), 0.0f);
    logits[size_t(kEnd)] = 1.0f;
    logits[size_t(wanted)] = 10.0f;
    for (const TokenId id : request.banned_ids)
      if (id >= 0 && id < kCount) logits[size_t(id)] = -std::numeric_limits<float>::infinity();
    if (request.steer) request.steer(out.ids, logits);
    return TokenId(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }

  void write(const std::string& text, const GenerateRequest& request, const OnToken& on_token, std::stop_token stop, Generation& out) const {
    const auto start = std::chrono::steady_clock::now();
    out.stop = StopReason::MaxTokens;
    for (size_t at = 0; int(out.ids.size()) < request.max_tokens; ++at) {
      if (sleep_or_stop(script_.token_ms, stop)) {
        out.stop = StopReason::Cancelled;
        break;
      }
      const TokenId id = next(at < text.size() ? TokenId(static_cast<unsigned char>(text[at])) : kEnd, request, out);
      if (std::find(request.end_ids.begin(), request.end_ids.end(), id) != request.end_ids.end() || id == kEnd) {
        out.stop = StopReason::EndToken;
        break;
      }
      // Steered to a byte before the text's own: healing repeats what the user typed, and the text follows.
      if (at < text.size() && id != TokenId(static_cast<unsigned char>(text[at]))) --at;
      out.ids.push_back(id);
      out.logprobs.push_back(float(script_.logprob));
      if (on_token && on_token({id, float(script_.logprob)}) == Verdict::Stop) {
        out.stop = StopReason::Caller;
        break;
      }
    }
    out.timings.decode_tokens = std::int64_t(out.ids.size());
    out.timings.decode_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }

  Script script_;
  std::vector<bool> used_;
  std::vector<TokenId> seen_;  // the prompt computed last
  ModelInfo info_;
};

}  // namespace

base::Result<std::unique_ptr<Engine>> make_scripted(Script script, const std::function<void(double)>& progress, std::stop_token stop) {
  constexpr int kSteps = 10;
  for (int i = 1; i <= kSteps; ++i) {
    if (sleep_or_stop(script.load_ms / kSteps, stop)) return base::cancelled();
    if (progress) progress(double(i) / kSteps);
  }
  if (script.load_error) return base::fail(base::ErrorCode::Failed, "{}", *script.load_error);
  return std::make_unique<ScriptedEngine>(std::move(script));
}

bool scripted_has_fim(const Engine& engine) {
  const auto* scripted = dynamic_cast<const ScriptedEngine*>(&engine);
  return scripted && scripted->has_fim();
}

}  // namespace engine

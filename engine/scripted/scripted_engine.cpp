#include "engine/scripted/scripted_engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>

#include "tokenizer/byte_tokenizer.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using Clock = std::chrono::steady_clock;
namespace ids = tokenizer::byte_ids;

constexpr float kNever = -std::numeric_limits<float>::infinity();

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// False when the stop token ended the wait.
bool wait(double ms, std::stop_token stop) {
  if (ms <= 0) return !stop.stop_requested();
  std::mutex mutex;
  std::condition_variable_any never_notified;
  std::unique_lock lock(mutex);
  never_notified.wait_for(lock, stop, std::chrono::duration<double, std::milli>(ms), [] { return false; });
  return !stop.stop_requested();
}

// The text around the cursor, whatever the order of the sections: what follows the middle marker goes on with the prefix.
ScriptPrompt read_prompt(const tokenizer::Tokenizer& tokenizer, std::span<const TokenId> prompt) {
  ScriptPrompt out;
  bool after = false;
  for (const TokenId id : prompt) {
    out.whole += tokenizer.bytes(id);
    if (id == ids::kFimSuffix) after = true;
    else if (id == ids::kFimPrefix || id == ids::kFimMiddle) after = false;
    else if (id < ids::kEnd) (after ? out.after : out.before) += tokenizer.bytes(id);
  }
  return out;
}

// What a reply may still become: its text and alternatives, as far as what was said agrees with them.
class Wanted {
 public:
  Wanted(const ScriptReply& reply, const tokenizer::Tokenizer& tokenizer) {
    texts_.push_back(tokenizer.encode(reply.text, {.parse_special = reply.special}));
    for (const std::string& text : reply.alternatives) texts_.push_back(tokenizer.encode(text, {.parse_special = reply.special}));
  }
  // The next ids, the dearest first; the end where a text is said.
  std::vector<TokenId> next() const {
    std::vector<TokenId> out;
    for (const auto& text : texts_) out.push_back(said_ < text.size() ? text[said_] : TokenId(ids::kEnd));
    return out;
  }
  bool is_end(TokenId id) const {
    return id == ids::kEnd && std::ranges::none_of(texts_, [&](const auto& text) { return said_ < text.size() && text[said_] == id; });
  }
  // Whatever was forced stands before what is still to be said.
  void say(TokenId id) {
    const auto agrees = [&](const auto& text) { return said_ < text.size() && text[said_] == id; };
    if (std::ranges::none_of(texts_, agrees)) return;
    std::erase_if(texts_, [&](const auto& text) { return !agrees(text); });
    ++said_;
  }

 private:
  std::vector<std::vector<TokenId>> texts_;
  std::size_t said_ = 0;
};

// One step of the pretended model: it wants the first of `wanted` it may have, would sooner end than say anything else, and
// obeys bans and steering.
TokenId choose(const GenerateRequest& request, std::span<const TokenId> so_far, const std::vector<TokenId>& wanted) {
  std::vector<float> logits(ids::kCount, -20.f);
  logits[ids::kEnd] = -10.f;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    float& logit = logits[std::size_t(wanted[i])];
    logit = std::max(logit, -float(i) / float(wanted.size()));
  }
  for (const TokenId id : request.banned_ids)
    if (id >= 0 && id < ids::kCount) logits[std::size_t(id)] = kNever;
  if (request.steer) request.steer(so_far, logits);
  const auto best = std::max_element(logits.begin(), logits.end());
  return *best == kNever ? ids::kEnd : TokenId(best - logits.begin());
}

}  // namespace

ScriptedEngine::ScriptedEngine(Script script, double load_ms)
    : script_(std::move(script)), tokenizer_(tokenizer::make_byte_tokenizer(script_.fim)) {
  info_.architecture = "scripted";
  info_.name = script_.name;
  info_.vocab_size = ids::kCount;
  info_.context_length = script_.context_length;
  info_.device = "cpu";
  info_.dtype = "float32";
  info_.quant = "none";
  info_.end_ids = {ids::kEnd};
  info_.load_ms = load_ms;
}

Result<void> ScriptedEngine::check(std::span<const TokenId> prompt) const {
  if (prompt.empty()) return fail(ErrorCode::InvalidInput, "the prompt is empty: expected at least one token");
  if (std::int64_t(prompt.size()) > info_.context_length)
    return fail(ErrorCode::InvalidInput, "the prompt has {} tokens: the model's context holds {}", prompt.size(), info_.context_length);
  for (const TokenId id : prompt)
    if (id < 0 || id >= ids::kCount)
      return fail(ErrorCode::InvalidInput, "token id {} is outside the vocabulary of {}", id, int(ids::kCount));
  return {};
}

bool ScriptedEngine::prefill(const GenerateRequest& request, Timings& timings, std::stop_token stop) {
  const auto& prompt = request.prompt;
  const auto shared = std::mismatch(kept_.begin(), kept_.end(), prompt.begin(), prompt.end()).first - kept_.begin();
  kept_.resize(std::min<std::size_t>(std::size_t(shared), prompt.size() - 1));  // the last token is always computed
  const auto start = Clock::now();
  while (kept_.size() < prompt.size() && !stop.stop_requested()) {
    const std::size_t chunk = std::min(std::size_t(script_.prefill_chunk), prompt.size() - kept_.size());
    if (!wait(script_.prefill_ms_per_token * double(chunk), stop)) break;
    kept_.insert(kept_.end(), prompt.begin() + std::ptrdiff_t(kept_.size()), prompt.begin() + std::ptrdiff_t(kept_.size() + chunk));
    timings.prefill_tokens += std::int64_t(chunk);
  }
  timings.prefill_ms = ms_since(start);
  return kept_.size() == prompt.size();
}

StopReason ScriptedEngine::decode(const GenerateRequest& request, const OnToken& on_token, const ScriptReply& reply,
                                  Generation& out, std::stop_token stop) {
  Wanted wanted(reply, *tokenizer_);
  const float logprob = float(reply.logprob.value_or(script_.logprob));
  while (std::int64_t(out.ids.size()) < request.max_tokens) {
    if (!wait(reply.ms_per_token.value_or(script_.ms_per_token), stop)) return StopReason::Cancelled;
    const TokenId id = choose(request, out.ids, wanted.next());
    if (std::find(request.end_ids.begin(), request.end_ids.end(), id) != request.end_ids.end()) return StopReason::EndToken;
    if (wanted.is_end(id)) return StopReason::EndToken;  // nothing left to say
    wanted.say(id);
    out.ids.push_back(id);
    out.logprobs.push_back(logprob);
    kept_.push_back(id);
    if (on_token && on_token({id, logprob}) == Verdict::Stop) return StopReason::Caller;
    if (std::int64_t(kept_.size()) >= info_.context_length) return StopReason::ContextFull;
  }
  return StopReason::MaxTokens;
}

Result<Generation> ScriptedEngine::generate(const GenerateRequest& request, const OnToken& on_token, std::stop_token stop) {
  if (auto good = check(request.prompt); !good) return base::forward(good);
  Generation out;
  out.timings.prompt_tokens = std::int64_t(request.prompt.size());
  if (!prefill(request, out.timings, stop)) {
    out.stop = StopReason::Cancelled;
    return out;
  }
  if (request.max_tokens == 0) {  // nothing is said, so no reply is used up
    out.stop = StopReason::MaxTokens;
    return out;
  }
  const ScriptReply& reply = pick_reply(script_, read_prompt(*tokenizer_, request.prompt), progress_);
  if (reply.error) return fail(ErrorCode::Failed, "{}", *reply.error);
  const auto start = Clock::now();
  out.stop = decode(request, on_token, reply, out, stop);
  out.timings.decode_ms = ms_since(start);
  out.timings.decode_tokens = std::int64_t(out.ids.size());
  return out;
}

Result<std::vector<float>> ScriptedEngine::score(std::span<const TokenId> scored, std::stop_token stop, const OnLogits& on_logits) {
  for (const TokenId id : scored)
    if (id < 0 || id >= ids::kCount)
      return fail(ErrorCode::InvalidInput, "token id {} is outside the vocabulary of {}", id, int(ids::kCount));
  if (!wait(script_.prefill_ms_per_token * double(scored.size()), stop)) return base::cancelled();
  const std::vector<float> out(scored.empty() ? 0 : scored.size() - 1, float(script_.logprob));
  if (!on_logits) return out;
  const double others = std::max(1e-9, 1 - std::exp(script_.logprob)) / double(ids::kCount - 1);  // alike, all but the token that stands there
  for (std::size_t i = 1; i < scored.size(); ++i) {
    std::vector<float> row(std::size_t(ids::kCount), float(std::log(others)));
    row[std::size_t(scored[i])] = float(script_.logprob);
    on_logits(row);
  }
  return out;
}

Result<std::unique_ptr<ScriptedEngine>> load_scripted(const std::filesystem::path& path, const Progress& progress,
                                                      std::stop_token stop) {
  const auto start = Clock::now();
  auto script = read_script(path);
  if (!script) return base::forward(script);
  constexpr int kSteps = 10;
  for (int step = 1; step <= kSteps; ++step) {
    if (!wait(script->load_ms / kSteps, stop)) return base::cancelled();
    if (progress) progress(double(step) / kSteps);
  }
  if (script->load_error) return fail(ErrorCode::Failed, "{}", *script->load_error);
  return std::make_unique<ScriptedEngine>(*std::move(script), ms_since(start));
}

}  // namespace engine

#include "lsp/completion/pipeline.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "lsp/completion/force.h"
#include "lsp/completion/lines.h"
#include "lsp/completion/postprocess.h"
#include "lsp/completion/prompt.h"
#include "lsp/completion/text_stop.h"
#include "lsp/completion/trigger.h"
#include "lsp/context/window.h"
#include "tokenizer/stream_decoder.h"

namespace lsp {
namespace {

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

constexpr std::size_t kBytesPerToken = 3;  // code under today's vocabularies: 3 to 4

// The document with the popup's chosen item inserted, and the cursor behind it: what the suggestion must continue.
struct Scene {
  std::string owned;
  std::string_view text;
  std::size_t cursor = 0;
};

Scene scene_of(const Query& query) {
  Scene scene{{}, query.document.text(), query.cursor};
  if (const auto& item = query.selected; item && item->begin <= query.cursor && item->end <= scene.text.size() && item->begin <= item->end) {
    const std::size_t end = std::max(item->end, query.cursor);
    scene.owned = std::string(scene.text.substr(0, item->begin)) + item->text + std::string(scene.text.substr(end));
    scene.text = scene.owned;
    scene.cursor = item->begin + item->text.size();
  }
  return scene;
}

WindowLimits window_limits(const Deps& deps) {
  const auto context = std::size_t(std::max<std::int64_t>(64, deps.model.engine->info().context_length));
  const std::size_t room = context - std::min(context - 32, std::size_t(deps.settings.max_tokens) + 8);
  const std::size_t prefix = std::min(std::size_t(deps.settings.prefix_tokens), room * 3 / 4);
  const std::size_t suffix = std::min(std::size_t(deps.settings.suffix_tokens), room / 4);
  return {prefix * kBytesPerToken, deps.model.fim ? suffix * kBytesPerToken : 0};
}

StopLimits stop_limits(const Scene& scene, Trigger trigger, const CompletionSettings& settings) {
  const std::string_view typed = line_before(scene.text, scene.cursor);
  StopLimits limits;
  limits.single_line = trigger == Trigger::SingleLine;
  limits.max_lines = settings.max_lines;
  limits.base_indentation = indentation(typed);
  limits.block_opened = opens_block(typed);
  limits.next_line = std::string(trimmed(next_line(scene.text, scene.cursor)));
  limits.first_line_start = std::string(typed);
  return limits;
}

// Every control token ends a suggestion: chosen, it means that the middle is over, and none may reach the user.
std::vector<tokenizer::TokenId> end_ids(const Model& model) {
  std::vector<tokenizer::TokenId> ids = model.engine->info().end_ids;
  const auto own = model.tokenizer->end_ids();
  ids.insert(ids.end(), own.begin(), own.end());
  if (model.fim) ids.insert(ids.end(), model.fim->end.begin(), model.fim->end.end());
  for (std::size_t i = 0; i < model.tokenizer->vocab_size(); ++i)
    if (model.tokenizer->kind(tokenizer::TokenId(i)) == tokenizer::TokenKind::Control) ids.push_back(tokenizer::TokenId(i));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

struct Written {
  std::string text;
  std::string_view why;
  float mean_logprob = 0;
  engine::Generation generation;
};

// The one meeting of ids and text.
base::Result<Written> generate_text(const Deps& deps, const Prompt& prompt, const StopLimits& limits, std::stop_token stop) {
  const Model& model = deps.model;
  TextStop text_stop(limits);
  tokenizer::StreamDecoder decoder(*model.tokenizer);
  std::string held;  // until the forced text is spelled out
  std::size_t forced_left = prompt.forced.size();
  const auto on_piece = [&](std::string piece) {
    if (forced_left > 0) {
      held += piece;
      if (held.size() < forced_left) return false;
      piece = held.substr(forced_left);
      forced_left = 0;
    }
    return !piece.empty() && text_stop.push(piece);
  };
  engine::GenerateRequest request;
  request.prompt = prompt.ids;
  request.max_tokens = deps.settings.max_tokens;
  request.sampling.temperature = deps.settings.temperature;
  request.end_ids = end_ids(model);
  request.steer = steer_to(*model.tokenizer, prompt.forced);
  auto generation = model.engine->generate(
      request, [&](const engine::GeneratedToken& token) { return on_piece(decoder.push(token.id)) ? engine::Verdict::Stop : engine::Verdict::Continue; }, stop);
  if (!generation) return base::forward(generation);
  Written written;
  written.why = generation->stop == engine::StopReason::MaxTokens ? "the longest suggestion" : text_stop.why();
  written.text = text_stop.text();
  if (const auto& logprobs = generation->logprobs; !logprobs.empty())
    written.mean_logprob = std::accumulate(logprobs.begin(), logprobs.end(), 0.0f) / float(logprobs.size());
  written.generation = std::move(*generation);
  return written;
}

// A text cut by the token limit ends in the middle of a line: what follows its last line break is dropped, if lines remain.
void drop_unfinished_line(Written& written) {
  if (written.generation.stop != engine::StopReason::MaxTokens) return;
  if (const std::size_t last = written.text.rfind('\n'); last != std::string::npos && !blank(written.text.substr(0, last))) written.text.resize(last);
}

// From the scene back to the user's document: the chosen item becomes part of what is inserted.
Suggestion suggestion_of(const Edit& edit, const Scene& scene, const Query& query, float mean_logprob) {
  Suggestion suggestion{edit.begin, edit.end, edit.text, edit.text, mean_logprob};
  if (scene.owned.empty()) return suggestion;
  const SelectedItem& item = *query.selected;
  suggestion.begin = item.begin;
  suggestion.end = std::max(item.end, query.cursor) + (edit.end - edit.begin);
  suggestion.text = item.text + edit.text;
  const std::string_view typed = query.document.text().substr(item.begin, query.cursor - item.begin);
  suggestion.ghost = suggestion.text.starts_with(typed) ? suggestion.text.substr(typed.size()) : suggestion.text;
  return suggestion;
}

Completion nothing(Reason reason, std::string_view detail, Completion so_far = {}) {
  so_far.reason = reason;
  so_far.detail = std::string(detail);
  return so_far;
}

}  // namespace

const char* reason_name(Reason reason) {
  switch (reason) {
    case Reason::Suggested: return "suggested";
    case Reason::NoTrigger: return "no-trigger";
    case Reason::NothingToSay: return "nothing-to-say";
    case Reason::Rejected: return "rejected";
    case Reason::Cancelled: return "cancelled";
  }
  return "unknown";
}

base::Result<Completion> complete(const Query& query, const Deps& deps, std::stop_token stop) {
  const auto start = Clock::now();
  if (query.cursor > query.document.text().size()) return base::fail(base::ErrorCode::InvalidInput, "the cursor is behind the document's end");
  if (!deps.settings.enabled) return nothing(Reason::NoTrigger, "suggestions are turned off (completion.enabled)");

  const Scene scene = scene_of(query);
  const bool asked = query.invocation == Invocation::Explicit || query.selected;
  const TriggerDecision decision = classify(scene.text, scene.cursor, asked);
  if (decision.trigger == Trigger::None) return nothing(Reason::NoTrigger, decision.why);

  const Window window = cursor_window(scene.text, scene.cursor, window_limits(deps));
  const Prompt prompt = build_prompt(scene.text, window, deps.model);
  Completion completion;
  completion.prompt = {prompt.layout, prompt_text(prompt, deps.model), prompt.ids.size()};
  completion.timings.prompt_ms = ms_since(start);
  if (prompt.ids.empty()) return nothing(Reason::NoTrigger, "there is no text before the cursor", std::move(completion));

  auto written = generate_text(deps, prompt, stop_limits(scene, decision.trigger, deps.settings), stop);
  if (!written) return base::forward(written, "completing");
  completion.timings.engine = written->generation.timings;
  completion.raw_text = written->text;
  completion.timings.total_ms = ms_since(start);
  if (written->generation.stop == engine::StopReason::Cancelled) return nothing(Reason::Cancelled, "cancelled", std::move(completion));

  const auto post = Clock::now();
  drop_unfinished_line(*written);
  const auto edit = postprocess(written->text, scene.text, scene.cursor);
  completion.timings.postprocess_ms = ms_since(post);
  completion.timings.total_ms = ms_since(start);
  if (!edit) return nothing(blank(written->text) ? Reason::NothingToSay : Reason::Rejected, edit.error(), std::move(completion));
  completion.items.push_back(suggestion_of(*edit, scene, query, written->mean_logprob));
  completion.reason = Reason::Suggested;
  completion.detail = fmt::format("{}; ended at: {}", decision.why, written->why);
  return completion;
}

}  // namespace lsp

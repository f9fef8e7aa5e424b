#include "lsp/completion/pipeline.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/ngram/index.h"
#include "engine/ngram/mixer.h"
#include "lsp/completion/healing.h"
#include "lsp/completion/nearby_text.h"
#include "lsp/completion/other_start.h"
#include "lsp/completion/postprocess.h"
#include "lsp/completion/prompt.h"
#include "lsp/completion/text_stop.h"
#include "lsp/completion/trigger.h"
#include "lsp/completion/vocabulary_index.h"
#include "tokenizer/stream_decoder.h"

namespace lsp {
namespace {

using Clock = std::chrono::steady_clock;
// For all further suggestions together: whoever asks sees the first one when they are there.
constexpr std::chrono::milliseconds kAlternativesPatience{2000};

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// What a model wrote after the cursor, as far as it is wanted.
struct Written {
  std::string text;
  std::string_view why;  // it ends there
  std::string opening;  // what another answer must not begin with; with the bytes owed to the prompt
  bool given_up = false;  // not written to its end
  float mean_logprob = 0, confidence = 0;
  engine::StopReason stop = engine::StopReason::EndToken;
  engine::Timings timings;
};

// Ids to text while they come: first the bytes owed to the prompt, then the suggestion, which `stop` may end.
class Listener {
 public:
  Listener(const tokenizer::Tokenizer& tokenizer, const std::string& owed, TextStop& stop)
      : decoder_(tokenizer), owed_(owed), stop_(stop) {}

  engine::Verdict take(const engine::GeneratedToken& token) {
    tokens_.push_back({bytes_, token.logprob});
    return take(decoder_.push(token.id)) ? engine::Verdict::Stop : engine::Verdict::Continue;
  }
  void finish(bool cut_off) {
    if (!take(decoder_.finish())) stop_.finish(cut_off);
  }
  bool paid() const { return paid_ == owed_.size(); }

  // Of the tokens that wrote the first `bytes` bytes after the cursor: the mean, and all of them together.
  std::pair<float, float> logprobs(std::size_t bytes) const {
    double sum = 0;
    std::size_t count = 0;
    for (const auto& [at, logprob] : tokens_)
      if (at < owed_.size() + bytes) sum += logprob, ++count;
    return {count ? float(sum / double(count)) : 0, float(sum)};
  }

 private:
  bool take(std::string_view text) {
    bytes_ += text.size();
    while (paid_ < owed_.size() && !text.empty()) {
      if (text[0] != owed_[paid_]) return true;  // a vocabulary that cannot spell the word at the cursor
      text.remove_prefix(1);
      ++paid_;
    }
    return !text.empty() && stop_.push(text);
  }

  struct Heard {
    std::size_t at;
    float logprob;
  };
  tokenizer::StreamDecoder decoder_;
  const std::string& owed_;
  TextStop& stop_;
  std::size_t paid_ = 0, bytes_ = 0;
  std::vector<Heard> tokens_;
};

// What every answer to one query is made of.
struct Task {
  const Model& model;
  const CompletionSettings& settings;
  const Surroundings& around;
  Prompt prompt;
  StopRules rules;
  PostOptions tidying;
  std::shared_ptr<const engine::NgramIndex> workspace;  // null: nothing to copy from
  const std::function<void(std::string_view)>& on_text;
};

// How many answers for a line are followed: rows of a small model cost next to nothing beside one.
int beams(const CompletionSettings& settings, const engine::ModelInfo& model) {
  constexpr std::int64_t kSmall = 50'000'000;
  return settings.beams > 0 ? settings.beams : model.parameters <= kSmall ? 4 : 1;
}

// Whether these ids end the text that they write.
engine::Ending ending(std::span<const tokenizer::TokenId> ids, bool end_token, const Task& task) {
  TextStop text_stop(task.rules);
  Listener listener(*task.model.tokenizer, task.prompt.owed, text_stop);
  const bool stopped = std::ranges::any_of(ids, [&](tokenizer::TokenId id) { return listener.take({id, 0}) == engine::Verdict::Stop; });
  if (!stopped && !end_token) return engine::Ending::Open;
  if (!stopped) listener.finish(false);
  return is_blank(text_stop.text()) ? engine::Ending::Empty : engine::Ending::Complete;
}

// What these ids write, and the text behind the cursor after that.
engine::Onward onward(std::span<const tokenizer::TokenId> ids, const Task& task) {
  TextStop text_stop(task.rules);
  Listener listener(*task.model.tokenizer, task.prompt.owed, text_stop);
  if (!std::ranges::any_of(ids, [&](tokenizer::TokenId id) { return listener.take({id, 0}) == engine::Verdict::Stop; })) listener.finish(false);
  engine::Onward out{.ids = task.model.tokenizer->encode(fmt::format("{}{}", task.prompt.owed, text_stop.text()), {.parse_special = false, .continues = true})};
  out.counted = out.ids.size();
  out.ids.insert(out.ids.end(), task.prompt.text_after.begin(), task.prompt.text_after.end());
  return out;
}

// The only place where ids and text meet. The answer begins otherwise than `others`; past `until` it is given up.
base::Result<Written> generate_text(const Task& task, const OtherStart& others, Clock::time_point until, std::stop_token stop) {
  const Model& model = task.model;
  TextStop text_stop(task.rules);
  Listener listener(*model.tokenizer, task.prompt.owed, text_stop);
  ByteConstraint constraint(task.prompt.owed, *model.tokenizer, model.index());
  engine::GenerateRequest request{.prompt = task.prompt.ids,
                                  .max_tokens = task.settings.max_tokens,
                                  .sampling = {.temperature = task.settings.temperature},
                                  .end_ids = model.index().end_ids(),
                                  .banned_ids = model.index().banned_ids(),
                                  .workspace = task.workspace,
                                  .text_before = task.prompt.text_before};
  for (const auto id : model.engine->info().end_ids) request.end_ids.push_back(id);
  std::optional<engine::Mixer> mixer;
  if (task.settings.mix_workspace && task.workspace && model.engine->info().architecture != engine::kCopyArchitecture)
    mixer.emplace(task.workspace, task.prompt.text_before.empty() ? task.prompt.ids : task.prompt.text_before, !constraint.empty(), model.mix);
  if (mixer) request.mix = [&](std::span<const tokenizer::TokenId> so_far, std::span<float> logits) { mixer->mix(so_far, logits); };
  if (!constraint.empty() || !others.empty())
    request.steer = [&](std::span<const tokenizer::TokenId> so_far, std::span<float> logits) {
      constraint.steer(so_far, logits);
      others.steer(so_far, logits);
    };
  if (!task.rules.block) {
    request.beams = beams(task.settings, model.engine->info());
    request.ending = [&](std::span<const tokenizer::TokenId> so_far, bool end_token) { return ending(so_far, end_token, task); };
    if (!task.prompt.text_after.empty()) request.onward = [&](std::span<const tokenizer::TokenId> answer) { return onward(answer, task); };
  }
  bool late = false;
  const auto on_token = [&](const engine::GeneratedToken& token) {
    late = Clock::now() > until;
    if (late) return engine::Verdict::Stop;
    const engine::Verdict verdict = listener.take(token);
    if (task.on_text && others.empty() && listener.paid()) task.on_text(text_stop.text());
    return verdict;
  };
  auto generation = model.engine->generate(request, on_token, stop);
  if (!generation) return base::forward(generation, "completing");
  using enum engine::StopReason;
  if (generation->stop != Caller) listener.finish(generation->stop == MaxTokens || generation->stop == ContextFull);

  Written written{.why = text_stop.why(),
                  .opening = opening(generation->ids, task.prompt.owed.size(), *model.tokenizer),
                  .given_up = late || generation->stop == Cancelled,
                  .stop = generation->stop,
                  .timings = generation->timings};
  if (!listener.paid()) {
    written.why = "the model did not take up the word at the cursor";
    return written;
  }
  written.text = text_stop.text();
  const auto [mean, sum] = listener.logprobs(written.text.size());
  written.mean_logprob = mean;
  written.confidence = std::exp(sum);
  return written;
}

Completion without(Reason reason, std::string_view detail, Completion completion = {}) {
  completion.reason = reason;
  completion.detail = detail;
  return completion;
}

Surroundings look_around(const Query& query) {
  std::optional<Replacement> selected;
  if (query.selected) selected = {query.selected->begin, query.selected->end, query.selected->text};
  return look_around(query.document.text(), query.cursor, query.document.language_id, selected);
}

// A new cell below others is no new file.
std::string_view longer_text(const Snapshot& document) {
  const std::string_view above = document.neighbours ? std::string_view(document.neighbours->above) : std::string_view();
  return above.size() > document.text().size() ? above : document.text();
}

PromptInfo describe(const Prompt& prompt, const Model& model) {
  return {.layout = prompt.layout, .text = model.tokenizer->decode(prompt.ids, true), .tokens = prompt.ids.size()};
}

Completion finish(const Task& task, const Written& written, Completion completion) {
  if (is_blank(written.text)) return without(Reason::NothingToSay, written.why, std::move(completion));
  const auto start = Clock::now();
  Postprocessed processed = postprocess(written.text, task.around, task.tidying);
  completion.timings.postprocess_ms = ms_since(start);
  completion.steps = std::move(processed.steps);
  if (!processed.suggestion) return without(Reason::Rejected, processed.why_not, std::move(completion));
  completion.items.push_back(*std::move(processed.suggestion));
  completion.items.back().mean_logprob = written.mean_logprob;
  completion.items.back().confidence = written.confidence;
  completion.reason = Reason::Suggested;
  return completion;
}

// Copying says something nearly everywhere: unasked it speaks only where long and unanimous matches make it likely.
bool too_unsure(const Query& query, const Deps& deps, const Suggestion& item) {
  if (query.invocation == Invocation::Explicit || deps.model.engine->info().architecture != engine::kCopyArchitecture) return false;
  return item.confidence < float(deps.settings.copy_confidence);
}

bool same_but_for_blanks(std::string a, std::string b) {
  for (std::string* text : {&a, &b}) std::erase_if(*text, [](char c) { return is_blank({&c, 1}); });
  return a == b;
}

void add(engine::Timings& sum, const engine::Timings& more) {
  sum.prefill_tokens += more.prefill_tokens;
  sum.prefill_ms += more.prefill_ms;
  sum.decode_tokens += more.decode_tokens;
  sum.decode_ms += more.decode_ms;
}

bool is_among(const std::vector<Suggestion>& items, const Suggestion& item) {
  return std::ranges::any_of(items, [&](const Suggestion& other) { return same_but_for_blanks(other.ghost, item.ghost); });
}

// When asked the model may write more than it did while typing, or something else: what is seen stays, and that comes behind it.
void put_first(const Suggestion& shown, Completion& completion) {
  std::erase_if(completion.items, [&](const Suggestion& item) { return is_among({shown}, item); });
  completion.items.insert(completion.items.begin(), shown);
  completion.reason = Reason::Suggested;
  completion.detail += "; what showed already is the first";
}

// Answers beside the first, which began with `opening`: the prompt's keys and values are there, so each costs its own tokens.
// One that fails or repeats another is left out.
void add_alternatives(const Task& task, std::string opening, int most, std::stop_token stop, Completion& completion) {
  const auto until = Clock::now() + kAlternativesPatience;
  OtherStart others(*task.model.tokenizer, task.model.index());
  for (int made = 1; made < most && int(completion.items.size()) < most && !opening.empty(); ++made) {
    others.forbid(std::move(opening));
    auto written = generate_text(task, others, until, stop);
    if (!written || written->given_up) return;
    add(completion.timings.engine, written->timings);
    opening = std::move(written->opening);
    if (is_blank(written->text)) continue;
    auto item = postprocess(written->text, task.around, task.tidying).suggestion;
    if (!item || is_among(completion.items, *item)) continue;
    item->mean_logprob = written->mean_logprob;
    item->confidence = written->confidence;
    completion.items.push_back(*std::move(item));
  }
}

base::Result<Completion> complete_timed(const Query& query, const Deps& deps, std::stop_token stop) {
  if (stop.stop_requested()) return without(Reason::Cancelled, "cancelled before it began");
  const Surroundings around = look_around(query);
  const Trigger trigger = classify(longer_text(query.document), around, query.invocation, deps.settings);
  if (!trigger.wanted) return without(Reason::NoTrigger, trigger.why);

  Completion completion;
  const auto start = Clock::now();
  std::optional<OtherFiles> others;
  if (deps.workspace && deps.paths) others.emplace(OtherFiles{*deps.workspace, *deps.paths, nullptr});
  auto prompt = build_prompt(query.document, around, deps.model, deps.settings, deps.anchors, others ? &*others : nullptr);
  if (!prompt) return base::forward(prompt);
  completion.prompt = describe(*prompt, deps.model);
  completion.timings.prompt_ms = ms_since(start);
  std::shared_ptr<const engine::NgramIndex> workspace;
  if (deps.workspace && deps.nearby && deps.model.engine->info().takes_workspace) workspace = deps.nearby->pool(*deps.workspace, query, around, *deps.model.tokenizer);
  const Task task{.model = deps.model,
                  .settings = deps.settings,
                  .around = around,
                  .prompt = *std::move(prompt),
                  .rules = stop_rules(around, trigger.block, deps.settings.max_lines),
                  .tidying = {.invocation = query.invocation, .rest_seen = deps.model.fim.has_value()},
                  .workspace = std::move(workspace),
                  .on_text = deps.on_text};

  auto written = generate_text(task, OtherStart(*deps.model.tokenizer, deps.model.index()), Clock::time_point::max(), stop);
  if (!written) return base::forward(written);
  completion.raw_text = written->text;
  completion.timings.engine = written->timings;
  completion.stop = written->stop;
  if (written->stop == engine::StopReason::Cancelled) return without(Reason::Cancelled, "cancelled while generating", std::move(completion));
  completion.detail = fmt::format("{}; ended by: {}", trigger.why, written->why);
  completion = finish(task, *written, std::move(completion));
  if (!completion.items.empty() && too_unsure(query, deps, completion.items.front())) {
    completion.items.clear();
    return without(Reason::Rejected, "what was copied is too unsure (completion.copyConfidence)", std::move(completion));
  }
  if (query.shown) put_first(*query.shown, completion);
  if (!completion.items.empty()) add_alternatives(task, std::move(written->opening), query.items, stop, completion);
  return completion;
}

}  // namespace

const char* reason_name(Reason reason) {
  switch (reason) {
    case Reason::Suggested: return "suggested";
    case Reason::NoTrigger: return "no trigger";
    case Reason::NothingToSay: return "nothing to say";
    case Reason::Rejected: return "rejected";
    case Reason::Cancelled: return "cancelled";
  }
  return "unknown";
}

base::Result<Completion> complete(const Query& query, const Deps& deps, std::stop_token stop) {
  const auto start = Clock::now();
  auto completion = complete_timed(query, deps, stop);
  if (completion) completion->timings.total_ms = ms_since(start);
  return completion;
}

}  // namespace lsp

#include "engine/generate/generator.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/generate/advance.h"
#include "engine/generate/beam_search.h"
#include "engine/generate/next_token.h"
#include "engine/generate/sampler.h"

namespace engine {
namespace {

std::span<float> row(torch::Tensor& logits_NV, std::int64_t i) {
  const std::int64_t vocab = logits_NV.size(1);
  return {logits_NV.mutable_data_ptr<float>() + i * vocab, size_t(vocab)};
}

// The prompt's logits, or nullopt where the stop token fired between chunks.
std::optional<torch::Tensor> prefill(const GeneratorParts& parts, std::span<const TokenId> prompt, std::stop_token stop, Timings& timings) {
  const double start = parts.now();
  torch::Tensor logits;
  while (parts.session.ids.size() < prompt.size()) {
    if (stop.stop_requested()) break;
    const std::span<const TokenId> left = prompt.subspan(parts.session.ids.size());
    const auto chunk = left.first(std::min(left.size(), size_t(parts.chunks.next())));
    const double chunk_start = parts.now();
    logits = advance(parts.model, parts.session, parts.device, chunk, LogitsOf::LastTokens, stop);
    if (!logits.defined()) break;
    parts.chunks.measured(std::int64_t(chunk.size()), parts.now() - chunk_start);
    timings.prefill_tokens += std::int64_t(chunk.size());
  }
  timings.prefill_ms = parts.now() - start;
  if (parts.session.ids.size() < prompt.size()) return std::nullopt;
  return logits;
}

bool contains(const std::vector<TokenId>& ids, TokenId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

// The tokens after the prompt.
class Decoding {
 public:
  Decoding(const GeneratorParts& parts, const GenerateRequest& request, torch::Tensor logits, Generation& out)
      : parts_(parts), request_(request), out_(out), logits_(std::move(logits)), random_(request.sampling.seed) {
    if (request.drafts && parts.draft_length && parts.model.alike_rows() > 1 && request.max_tokens > 1)
      drafter_.emplace(request.prompt, request.text_before, request.workspace, parts.model.config().vocab_size);
    if (drafter_ && parts.draft_model && request.draft_model) {
      draft_model_ = parts.draft_model;
      draft_model_->begin(request.prompt);
    }
  }

  StopReason run(const OnToken& on_token, const std::stop_token& stop);

 private:
  bool take_drafted(TokenId chosen);
  bool compute(TokenId chosen, const std::stop_token& stop);
  void make_draft(const std::stop_token& stop);
  bool draft_by_model(double speed_without, std::size_t room, const std::stop_token& stop);
  bool useless(TokenId id) const;
  std::size_t room_for_drafts() const;
  void judge(bool one_was_wrong);
  void keep(std::size_t written);

  const GeneratorParts& parts_;
  const GenerateRequest& request_;
  Generation& out_;
  torch::Tensor logits_;      // rows of the latest pass: behind the token that was due, and behind each drafted one
  std::int64_t row_ = 0;      // the one that chooses next: so many drafted tokens were right
  Draft draft_;
  std::optional<Drafter> drafter_;
  DraftModel* draft_model_ = nullptr;  // null: none, or not wanted
  Random random_;
};

StopReason Decoding::run(const OnToken& on_token, const std::stop_token& stop) {
  const auto written = [&] { return out_.ids.size(); };
  StopReason reason = StopReason::MaxTokens;
  std::size_t computed = 0;  // of what was written, what stands in the cache where no drafts are made
  while (std::int64_t(written()) < request_.max_tokens) {
    computed = written();
    if (stop.stop_requested()) { reason = StopReason::Cancelled; break; }
    const GeneratedToken token = next_token(row(logits_, row_), request_, out_.ids, random_);
    if (contains(request_.end_ids, token.id)) { reason = StopReason::EndToken; break; }
    out_.ids.push_back(token.id);
    out_.logprobs.push_back(token.logprob);
    if (on_token && on_token(token) == Verdict::Stop) { reason = StopReason::Caller; break; }
    if (std::int64_t(written()) == request_.max_tokens) break;
    if (std::int64_t(request_.prompt.size() + computed) >= parts_.context) { reason = StopReason::ContextFull; break; }
    if (drafter_) drafter_->wrote(token.id);
    if (draft_model_) draft_model_->wrote(token.id);
    if (!take_drafted(token.id) && !compute(token.id, stop)) { reason = StopReason::Cancelled; break; }
  }
  judge(false);
  keep(computed);
  return reason;
}

// Whether the row behind this token is there.
bool Decoding::take_drafted(TokenId chosen) {
  if (row_ >= std::int64_t(draft_.ids.size())) return false;
  if (draft_.ids[size_t(row_)] != chosen) return false;
  ++row_;
  ++out_.timings.accepted_tokens;
  if (draft_.source.kind == DraftSource::Kind::Model) ++out_.timings.model_accepted_tokens;
  return true;
}

// A pass over the token that was chosen and the ones drafted behind it; false: it was stopped.
bool Decoding::compute(TokenId chosen, const std::stop_token& stop) {
  judge(row_ < std::int64_t(draft_.ids.size()));
  keep(out_.ids.size() - 1);
  make_draft(stop);
  std::vector<TokenId> ids = {chosen};
  ids.insert(ids.end(), draft_.ids.begin(), draft_.ids.end());
  const double start = parts_.now();
  logits_ = advance(parts_.model, parts_.session, parts_.device, ids, LogitsOf::EveryToken, stop);
  row_ = 0;
  if (!logits_.defined()) {
    draft_ = {};
    return false;
  }
  if (parts_.draft_length) parts_.draft_length->passed(ids.size(), parts_.now() - start);
  out_.timings.drafted_tokens += std::int64_t(draft_.ids.size());
  if (draft_.source.kind == DraftSource::Kind::Model) out_.timings.model_drafted_tokens += std::int64_t(draft_.ids.size());
  return true;
}

std::size_t Decoding::room_for_drafts() const {
  const auto written = std::int64_t(out_.ids.size());
  const std::int64_t of_context = parts_.context - std::int64_t(request_.prompt.size()) - written;
  return size_t(std::max<std::int64_t>(0, std::min({parts_.model.alike_rows() - 1, request_.max_tokens - written - 1, of_context})));
}

// What can never be chosen is not worth a row, nor is what comes after it.
bool Decoding::useless(TokenId id) const {
  return contains(request_.end_ids, id) || contains(request_.banned_ids, id) || std::int64_t(id) >= parts_.model.config().vocab_size;
}

void Decoding::make_draft(const std::stop_token& stop) {
  draft_ = {};
  const std::size_t room = room_for_drafts();
  if (!drafter_ || room == 0) return;
  const DraftLength& length = *parts_.draft_length;
  const Drafter::Found near = drafter_->in_prompt();
  const DraftSource far = drafter_->in_workspace();
  const bool from_far = far.length > 0 && (near.source.length == 0 || length.acceptance(far) > length.acceptance(near.source));
  const DraftSource source = from_far ? far : near.source;
  const DraftPlan copied = source.length ? length.plan(source, room) : DraftPlan{0, 1 / length.cost(1)};
  if (draft_by_model(copied.speed, room, stop) || copied.length == 0) return;
  if (from_far) drafter_->draft_from_workspace(source, copied.length, draft_);
  else drafter_->draft(near, copied.length, draft_);
  draft_.ids.erase(std::find_if(draft_.ids.begin(), draft_.ids.end(), [&](TokenId id) { return useless(id); }), draft_.ids.end());
}

// Where it promises more tokens a millisecond than what there is without it; false: there is none of it.
bool Decoding::draft_by_model(double speed_without, std::size_t room, const std::stop_token& stop) {
  if (!draft_model_) return false;
  DraftLength& length = *parts_.draft_length;
  room = std::min(room, draft_model_->room());
  if (room == 0) return false;
  const DraftLag lag{draft_model_->behind(), size_t(request_.max_tokens) - out_.ids.size()};
  if (length.plan_model(lag, room).speed <= speed_without) {
    length.passed_over();
    return false;
  }
  draft_.source = {DraftSource::Kind::Model, 0};
  do {
    const auto guess = draft_model_->next(draft_.ids, length, parts_.now, stop);
    if (!guess) break;
    if (useless(guess->id)) {
      length.judged(draft_.source, 0, true);
      break;
    }
    draft_.ids.push_back(guess->id);
    draft_.each.push_back(DraftSource::of_model(guess->probability));
  } while (draft_.ids.size() < room && length.goes_on(draft_));
  length.keep_worthy(draft_);
  return !draft_.ids.empty();
}

// What became of the draft is known: the rest of it is of no use.
void Decoding::judge(bool one_was_wrong) {
  if (!draft_.ids.empty()) parts_.draft_length->judged(draft_, size_t(row_), one_was_wrong);
  draft_ = {};
}

// The cache as it is without drafts: the prompt and `written` tokens.
void Decoding::keep(std::size_t written) {
  cut_back(parts_.session, request_.prompt.size() + written);
}

}  // namespace

double steady_ms() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Generation generate(const GeneratorParts& parts, const GenerateRequest& request, const OnToken& on_token, std::stop_token stop) {
  Generation out;
  out.timings.prompt_tokens = std::int64_t(request.prompt.size());
  std::optional<torch::Tensor> logits = prefill(parts, request.prompt, stop, out.timings);
  if (!logits) {
    out.stop = StopReason::Cancelled;
    return out;
  }
  const double start = parts.now();
  out.stop = request.beams > 1 && request.sampling.temperature <= 0 ? beam_search(parts, request, std::move(*logits), out, on_token, stop)
                                                                    : Decoding(parts, request, std::move(*logits), out).run(on_token, stop);
  out.timings.decode_ms = parts.now() - start;
  out.timings.decode_tokens = std::int64_t(out.ids.size());
  return out;
}

}  // namespace engine

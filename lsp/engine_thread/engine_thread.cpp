#include "lsp/engine_thread/engine_thread.h"

#include <chrono>
#include <functional>
#include <utility>

#include "lsp/rpc/dispatcher.h"

namespace lsp {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// The result of `work`, or what it threw, as an error.
template <class T, class Work>
base::Result<T> guarded_result(std::string_view doing, Work&& work) {
  base::Result<T> result = base::fail(base::ErrorCode::Failed, "{}: nothing was done", doing);
  const auto done = guarded(doing, [&] { result = work(); });
  if (!done) return base::forward(done);
  return result;
}

}  // namespace

EngineThread::EngineThread(ModelLoader load, Completer complete, Report report)
    : load_(std::move(load)), complete_(std::move(complete)), report_(std::move(report)), thread_([this] { run(); }) {}

EngineThread::~EngineThread() {
  ending_.request_stop();
  work_.close();
  thread_.join();
}

void EngineThread::run() {
  while (auto work = work_.pop()) {
    if (ending_.stop_requested()) break;
    std::visit([this](auto&& one) { run(std::move(one)); }, std::move(*work));
  }
  model_.reset();
}

void EngineThread::run(LoadModel wanted) {
  const auto start = Clock::now();
  int told = -1;
  const auto progress = [&](double fraction) {
    const int percent = fraction < 0 ? 0 : fraction < 1 ? static_cast<int>(fraction * 100) : 100;
    if (percent <= told) return;
    told = percent;
    report_(ModelProgress{percent});
  };
  auto model = guarded_result<std::unique_ptr<Model>>("loading the model", [&] { return wanted.load(progress, ending_.get_token()); });
  if (model && !*model) model = base::fail(base::ErrorCode::Failed, "the loader gave no model");
  if (model) model_ = std::move(*model), anchors_.clear(), learner_ = {};
  const bool copies = model_ && model_->engine && model_->engine->info().takes_workspace;
  report_(ModelLoaded{.name = model ? base::Result<std::string>(model_->name) : base::forward(model),
                      .load_ms = ms_since(start),
                      .has_model = model_ != nullptr,
                      .wants_index = copies ? model_->tokenizer : nullptr});
}

void EngineThread::run(UseAdapter wanted) {
  base::Result<void> outcome = base::fail(base::ErrorCode::NotFound, "there is no model for an adapter");
  if (model_ && model_->engine) {
    const auto done = guarded("using an adapter", [&] { outcome = model_->use_adapter(wanted.folder); });
    if (!done) outcome = done;
    else learner_ = {};
  }
  report_(AdapterUsed{std::move(wanted.folder), std::move(outcome)});
}

void EngineThread::run(UseDraft wanted) {
  base::Result<void> outcome = base::fail(base::ErrorCode::NotFound, "there is no model to draft for");
  if (model_ && model_->engine) {
    const auto done = guarded("using a draft model", [&] { outcome = wanted.user(*model_, wanted.name, ending_.get_token()); });
    if (!done) outcome = done;
  }
  report_(DraftUsed{model_ && model_->engine ? model_->engine->info().draft : std::string(), std::move(outcome)});
}

namespace {

// Either the job's own end or the server's: one token for both.
class JoinedStop {
 public:
  JoinedStop(const std::stop_token& job, const std::stop_token& server)
      : on_job_(job, [this] { both_.request_stop(); }), on_end_(server, [this] { both_.request_stop(); }) {}
  std::stop_token token() const { return both_.get_token(); }

 private:
  std::stop_source both_;
  std::stop_callback<std::function<void()>> on_job_, on_end_;
};

}  // namespace

void EngineThread::run(Job job) {
  base::Result<Completion> completion = base::cancelled();
  const JoinedStop stop(job.stop, ending_.get_token());
  bool stale = false;
  if (!model_) {
    completion = base::fail(base::ErrorCode::NotFound, "there is no model");
  } else if (!stop.token().stop_requested()) {
    const Query& query = job.query;
    const engine::NgramIndex nothing;
    const bool in_our_ids = job.workspace && job.workspace->tokenizer == model_->tokenizer;
    const Deps deps{.model = *model_,
                    .settings = job.settings,
                    .anchors = &anchors_,
                    .workspace = in_our_ids ? &job.workspace->index : &nothing,
                    .nearby = &nearby_,
                    .paths = in_our_ids ? job.workspace->paths.get() : nullptr,
                    .on_text = [&](std::string_view so_far) { report_(EngineWrote{job.key, std::string(so_far)}); }};
    completion = guarded_result<Completion>("completing", [&] {
      return complete_(query, deps, stop.token());
    });
    stale = anchors_.stale(query.document.uri, line_at(query.document.text(), query.cursor));
  }
  report_(EngineDone{job.key, std::move(job.query), std::move(completion), stale});
}

void EngineThread::run(WarmUpJob job) {
  const JoinedStop stop(job.stop, ending_.get_token());
  if (!model_ || stop.token().stop_requested()) return;
  // What goes wrong here goes wrong again for a request, which is told of it.
  (void)guarded_result<bool>("warming up", [&]() -> base::Result<bool> {
    const bool in_our_ids = job.workspace && job.workspace->tokenizer == model_->tokenizer;
    const Deps deps{.model = *model_,
                    .settings = job.settings,
                    .anchors = &anchors_,
                    .workspace = in_our_ids ? &job.workspace->index : nullptr,
                    .paths = in_our_ids ? job.workspace->paths.get() : nullptr};
    auto done = lsp::warm_up(job.what, deps, stop.token());
    if (!done) return base::forward(done);
    return true;
  });
}

void EngineThread::run(LearnMixing job) {
  const JoinedStop stop(job.stop, ending_.get_token());
  if (!model_ || stop.token().stop_requested() || model_->engine->info().architecture == engine::kCopyArchitecture || !job.workspace || job.workspace->tokenizer != model_->tokenizer || learner_.done()) return;
  if (model_->use_noted_mixing(job.folders)) return report_(MixingLearned{.weights = model_->mix, .done = true, .noted = true});
  bool learned = false;
  (void)guarded_result<bool>("learning to mix", [&]() -> base::Result<bool> {
    auto done = learner_.learn(*model_, job.workspace->index, stop.token());
    if (!done) return base::forward(done);
    return learned = true;
  });
  if (!stop.token().stop_requested()) report_(MixingLearned{model_->mix, learner_.samples(), learner_.done() || !learned});
}

}  // namespace lsp

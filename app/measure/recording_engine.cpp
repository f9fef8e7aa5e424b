#include "app/measure/recording_engine.h"

#include <utility>

namespace app {
namespace {

class RecordingEngine : public engine::Engine {
 public:
  RecordingEngine(std::unique_ptr<engine::Engine> engine, std::shared_ptr<EngineRuns> runs, int exact_tokens)
      : engine_(std::move(engine)), runs_(std::move(runs)), exact_tokens_(exact_tokens) {}

  const engine::ModelInfo& info() const override { return engine_->info(); }

  base::Result<engine::Generation> generate(const engine::GenerateRequest& request, const engine::OnToken& on_token,
                                            std::stop_token stop) override {
    if (request.max_tokens == 0) return engine_->generate(request, on_token, stop);  // a warm-up is nobody's run
    EngineRun run{.begin = Clock::now()};
    engine::GenerateRequest asked = request;
    if (exact_tokens_ > 0) {
      asked.max_tokens = exact_tokens_;
      asked.banned_ids.insert(asked.banned_ids.end(), asked.end_ids.begin(), asked.end_ids.end());
      asked.end_ids.clear();
    }
    bool enough = false;
    auto made = engine_->generate(
        asked,
        [&](const engine::GeneratedToken& token) {
          if (!std::exchange(run.had_token, true)) run.first_token = Clock::now();
          if (!enough && on_token) enough = on_token(token) == engine::Verdict::Stop;
          return enough && exact_tokens_ == 0 ? engine::Verdict::Stop : engine::Verdict::Continue;
        },
        stop);
    run.end = Clock::now();
    if (!run.had_token) run.first_token = run.end;
    if (made) run.stop = made->stop, run.timings = made->timings;
    if (made && enough && made->stop == engine::StopReason::MaxTokens) made->stop = engine::StopReason::Caller;
    runs_->push(run);
    return made;
  }

  base::Result<std::vector<float>> score(std::span<const engine::TokenId> ids, std::stop_token stop, const engine::OnLogits& on_logits) override {
    return engine_->score(ids, stop, on_logits);
  }

 private:
  std::unique_ptr<engine::Engine> engine_;
  std::shared_ptr<EngineRuns> runs_;
  int exact_tokens_;
};

}  // namespace

std::unique_ptr<engine::Engine> record_engine(std::unique_ptr<engine::Engine> engine, std::shared_ptr<EngineRuns> runs, int exact_tokens) {
  return std::make_unique<RecordingEngine>(std::move(engine), std::move(runs), exact_tokens);
}

}  // namespace app

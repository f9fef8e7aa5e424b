// engine_thread.h: the one thread that owns the model and runs complete() on it, a job at a time.
// load() and submit() from the main loop; what comes of them arrives as an EngineEvent through `report`, which is called on
// the engine thread and must not wait. The destructor stops the job at work (within a token) and joins.
// Jobs that were stopped while they waited are reported at once, without running. warm_up() asks for nothing back: at each job's end
// comes EngineDone alone, and a warm-up gives way to whatever is submitted after it once its stop token fires. learn_mixing() is for
// idle time too, and reports MixingLearned unless it was stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>

#include "base/queue.h"
#include "lsp/completion/mix_learning.h"
#include "lsp/completion/nearby_text.h"
#include "lsp/completion/pipeline.h"
#include "lsp/completion/warm_up.h"
#include "lsp/context/anchors.h"
#include "lsp/index/index_thread.h"

namespace lsp {

struct Job {
  std::uint64_t key = 0;  // comes back in EngineDone
  Query query;
  CompletionSettings settings;
  std::stop_token stop;
  std::shared_ptr<const WorkspaceSnapshot> workspace;  // as far as it is read; null: none
};

struct WarmUpJob {
  WarmUp what;
  CompletionSettings settings;
  std::stop_token stop;
  std::shared_ptr<const WorkspaceSnapshot> workspace;
};

struct LearnMixing {
  std::shared_ptr<const WorkspaceSnapshot> workspace;
  std::vector<std::filesystem::path> folders;  // its own
  std::stop_token stop;
};

struct EngineDone {
  std::uint64_t key = 0;
  Query query;
  base::Result<Completion> completion;
  bool stale = false;  // its prompt was cut for an earlier line; a warm-up would cut it anew
};
struct EngineWrote {  // what a job has written behind the cursor so far; none after its EngineDone
  std::uint64_t key = 0;
  std::string text;
};
struct ModelProgress {
  int percent = 0;  // told when it changes
};
struct ModelLoaded {
  base::Result<std::string> name;  // for people; or why there is no model
  double load_ms = 0;
  bool has_model = false;  // this one, or where it could not be loaded the one before
  std::shared_ptr<const tokenizer::Tokenizer> wants_index;  // the ids in which the model copies from the workspace; null: it does not
};
struct AdapterUsed {
  std::filesystem::path folder;  // empty: none
  base::Result<void> outcome;    // after an error all is as it was
};
struct MixingLearned {
  engine::MixWeights weights;  // what the workspace's files have said so far
  std::size_t samples = 0;
  bool done = false;           // no more of them are to be looked at
  bool noted = false;          // none was: the weights were noted when the model learned this code
};
struct DraftUsed {
  std::string model;             // that drafts now, for people; empty: none
  base::Result<void> outcome;    // after an error all is as it was
};
using EngineEvent = std::variant<EngineDone, EngineWrote, ModelProgress, ModelLoaded, AdapterUsed, DraftUsed, MixingLearned>;

class EngineThread {
 public:
  using Completer = std::function<base::Result<Completion>(const Query&, const Deps&, std::stop_token)>;
  using Report = std::function<void(EngineEvent)>;

  EngineThread(ModelLoader load, Completer complete, Report report);
  ~EngineThread();
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  void load() { work_.push(LoadModel{load_}); }
  void load(ModelLoader other) { work_.push(LoadModel{std::move(other)}); }  // takes the place of the one at work
  void use_adapter(std::filesystem::path folder) { work_.push(UseAdapter{std::move(folder)}); }  // of the model at work, or none
  void use_draft(std::string name, DraftUser user) { work_.push(UseDraft{std::move(name), std::move(user)}); }  // for the model at work
  void submit(Job job) { work_.push(std::move(job)); }
  void warm_up(WarmUpJob job) { work_.push(std::move(job)); }
  void learn_mixing(LearnMixing job) { work_.push(std::move(job)); }  // from one file more of the workspace; gives way as a warm-up does

 private:
  struct LoadModel {
    ModelLoader load;
  };
  struct UseAdapter {
    std::filesystem::path folder;
  };
  struct UseDraft {
    std::string name;
    DraftUser user;
  };
  using Work = std::variant<LoadModel, UseAdapter, UseDraft, Job, WarmUpJob, LearnMixing>;

  void run();
  void run(LoadModel wanted);
  void run(UseAdapter wanted);
  void run(UseDraft wanted);
  void run(Job job);
  void run(WarmUpJob job);
  void run(LearnMixing job);

  const ModelLoader load_;
  const Completer complete_;
  const Report report_;
  base::Queue<Work> work_;
  std::stop_source ending_;
  std::unique_ptr<Model> model_;  // engine thread only, as the next
  Anchors anchors_;
  NearbyText nearby_;
  MixLearner learner_;
  std::thread thread_;            // last: it uses all of the above
};

}  // namespace lsp

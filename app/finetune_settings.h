// finetune_settings.h: what `rigpilot finetune` can be told beside the model and the folder, and its progress as one line of work.
// FinetuneProgress shows a line on stderr, or with --progress-json a line of JSON a change on stdout, for the language server.
// Main thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/load.h"

namespace app {

struct FinetuneOptions {
  ModelOptions model;
  std::string code, messages, out;  // one of the first two
  std::vector<std::string> modules, replay;
  std::int64_t lora = 0;
  double alpha = 0;  // 0: twice the rank
  double rate = 0;   // 0: 1e-3 with LoRA, else 3e-4
  double blend = 0.7;  // where all weights learn code
  double epochs = 3, held_out = 0.15, replay_share = 0.15, minutes = 0;
  std::int64_t steps = 0, context = 512, step_tokens = 4096, micro_tokens = 2048, patience = 4;
  std::string dtype = "auto";
  std::uint64_t seed = 1;
  std::size_t holes = 200;
  bool no_history = false, recompute = false, keep_worse = false, json = false, progress_json = false;
  int parent = 0;  // the language server that started it: ends with that one
};

class FinetuneProgress {
 public:
  explicit FinetuneProgress(bool as_json);
  ~FinetuneProgress();
  FinetuneProgress(const FinetuneProgress&) = delete;
  FinetuneProgress& operator=(const FinetuneProgress&) = delete;

  // A part of the whole: [begin, end) of 0 to 1.
  void stage(std::string name, double begin, double end);
  void show(double fraction, const std::string& detail = {});  // of the stage

 private:
  bool as_json_, on_terminal_, drawn_ = false;
  std::string stage_;
  double begin_ = 0, end_ = 1;
  int percent_ = -1;
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace app

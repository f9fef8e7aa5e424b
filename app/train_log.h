// train_log.h: what a training tells: a line on stderr, and FOLDER/metrics.jsonl.
// events() for train_model(); lines behind the checkpoint that a resumed training begins from are taken out of the file.
// Main thread. The file is a line a step: step, tokens, loss, rate, norm, tokens_per_second; or step, validation_loss, bits_per_byte.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/training.h"

namespace app {

class TrainLog {
 public:
  TrainLog(std::filesystem::path folder, std::int64_t steps);
  engine::TrainEvents events();
  void end();

  // The step of FOLDER's checkpoint; 0 where there is none.
  static std::int64_t last_checkpoint(const std::filesystem::path& folder);

 private:
  void begin(std::int64_t step);
  void tell(const engine::StepReport& report);
  void tell(const engine::ValidationReport& report);
  void show(const std::string& line, bool stays);

  std::filesystem::path path_;
  std::int64_t steps_, first_ = 0;
  std::ofstream file_;
  bool on_terminal_, drawn_ = false;
  double smoothed_ = 0;
  std::chrono::steady_clock::time_point start_{}, shown_{};
};

}  // namespace app

// finetune_run.h: a fine-tuning from its folder of code to a report: what `rigpilot finetune` does once its options are read.
// run_finetune() measures held-out holes, trains, learns how far the workspace is to be believed beside that, measures again, and puts
// the adapter (or model) in place unless it made things worse.
// Text messages have no holes: there the loss of held-out conversations decides alone.
// Main thread; progress through FinetuneProgress. Errors are one sentence; until the end nothing that was in place is touched.
#pragma once

#include <optional>

#include "app/evaluate/metrics.h"
#include "app/finetune/dataset.h"
#include "app/finetune/message_data.h"
#include "app/finetune_settings.h"
#include "engine/training.h"

namespace app {

struct FinetuneOutcome {
  std::filesystem::path out;  // where the adapter or the model lies
  bool installed = false;     // false: it made things worse
  std::string why;            // where it is not installed
  Dataset data;            // of code
  std::optional<MessageData> messages;
  engine::TrainReport training;
  Measured before, after;
  engine::MixWeights mixing;  // how far the workspace is believed beside what was learned
};

base::Result<FinetuneOutcome> run_finetune(const FinetuneOptions& options, FinetuneProgress& progress);

}  // namespace app

// tuning_thread.h: the thread on which a model is taught the workspace's code while suggestions go on.
// TuningThread starts its Tuner at once; what comes of it arrives as a TuningEvent through `report`, which is called on that thread and
// must not wait; the last one is a TuningDone. stop() asks it to end; the destructor does, and joins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>

#include "base/result.h"

namespace lsp {

struct TuningWish {
  std::filesystem::path root;  // the workspace's folder
  std::string model;           // as it was asked for; empty: the one the server began with
  std::int64_t rank = 0;       // of the adapter; 0: as usual
};

struct TuningProgress {
  int percent = 0;
  std::string message;
};
struct Tuned {
  std::filesystem::path adapter;
  std::string report;  // one sentence for people
};
struct TuningDone {
  base::Result<Tuned> outcome;
};
using TuningEvent = std::variant<TuningProgress, TuningDone>;

// Works until it is done or the token fires. A result that made suggestions worse is an error.
using Tuner = std::function<base::Result<Tuned>(const TuningWish&, const std::function<void(TuningProgress)>&, std::stop_token)>;

class TuningThread {
 public:
  using Report = std::function<void(TuningEvent)>;
  TuningThread(Tuner tuner, TuningWish wish, Report report);
  TuningThread(const TuningThread&) = delete;
  TuningThread& operator=(const TuningThread&) = delete;

  void stop() { thread_.request_stop(); }

 private:
  std::jthread thread_;
};

}  // namespace lsp

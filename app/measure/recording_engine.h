// recording_engine.h: an engine that tells when it did what: wraps another, for measuring from outside of the pipeline.
// Each generation leaves one EngineRun in `runs`, before its caller hears of its end. With `exact_tokens` every generation
// writes that many, whatever its text: random weights know no line's end. Same threads as an Engine; `runs` from any.
#pragma once

#include <chrono>
#include <memory>

#include "base/queue.h"
#include "engine/engine.h"

namespace app {

using Clock = std::chrono::steady_clock;
inline double ms_between(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

struct EngineRun {
  Clock::time_point begin, first_token, end;  // first_token: when there was one; else `end`
  bool had_token = false;
  engine::StopReason stop = engine::StopReason::EndToken;
  engine::Timings timings;
};
using EngineRuns = base::Queue<EngineRun>;

// `exact_tokens` 0: as the caller wants it.
std::unique_ptr<engine::Engine> record_engine(std::unique_ptr<engine::Engine> engine, std::shared_ptr<EngineRuns> runs, int exact_tokens);

}  // namespace app

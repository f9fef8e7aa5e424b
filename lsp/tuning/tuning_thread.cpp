#include "lsp/tuning/tuning_thread.h"

#include <utility>

#include "lsp/rpc/dispatcher.h"

namespace lsp {

TuningThread::TuningThread(Tuner tuner, TuningWish wish, Report report)
    : thread_([tuner = std::move(tuner), wish = std::move(wish), report = std::move(report)](std::stop_token stop) {
        base::Result<Tuned> outcome = base::fail(base::ErrorCode::Failed, "nothing was done");
        const auto done = guarded("learning the workspace", [&] { outcome = tuner(wish, [&](TuningProgress progress) { report(std::move(progress)); }, stop); });
        if (!done) outcome = base::forward(done);
        if (stop.stop_requested()) outcome = base::cancelled();
        report(TuningDone{std::move(outcome)});
      }) {}

}  // namespace lsp

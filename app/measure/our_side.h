// our_side.h: the language server in this process, driven by a client in memory: what an editor would feel.
// start() loads the model; type() replays one place in real time; cold() and the cancel figures use documents of their own.
// The whole server runs as it does for an editor: main loop, engine thread, pipeline. One thread drives it.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/measure/editor_client.h"
#include "app/measure/figures.h"
#include "app/measure/typing.h"
#include "base/log.h"
#include "lsp/server.h"
#include "lsp/transport/memory.h"

namespace app {

struct OurOptions {
  lsp::ModelLoader load;
  lsp::Settings settings;
  std::string extension;  // of the file's name: ".py"
  int exact_tokens = 0;   // of every suggestion; 0: as the text ends it
  bool patient = false;   // the next key waits for the answer
};

struct Cold {
  double first_token_ms = 0, answer_ms = 0;
  std::int64_t prompt = 0;
};

class OurSide {
 public:
  static base::Result<std::unique_ptr<OurSide>> start(OurOptions options);
  ~OurSide();

  // Keys at their times; before the first one the place has been asked for once, so that it is warm. `prompt`: tokens then.
  std::vector<KeyFigures> type(const TypedPlace& place);

  // A document nobody has asked about, and the first token of its first suggestion.
  Cold cold(const TypedPlace& place);
  // The same, but cancelled after `after_ms` and asked again at once: from that second request on.
  Cold cold_after_cancel(const TypedPlace& place, double after_ms);
  // From $/cancelRequest to the engine's rest, ms: in the middle of a cold prompt, and while a suggestion is written.
  double cancel_in_prompt(const TypedPlace& place, double after_ms);
  double cancel_in_writing(const TypedPlace& place, double after_ms);

  std::int64_t last_prompt_tokens() const { return last_prompt_; }
  std::size_t twice_answered() const { return client_->twice_answered(); }
  const engine::ModelInfo& info() const { return info_; }

 private:
  OurSide() = default;
  std::string open(const TypedPlace& place);  // under a new name, so that nothing is known of it
  std::string open_warm(const TypedPlace& place);
  std::optional<EngineRun> last_run(Clock::time_point since);
  double idle_after_cancel(int id, double after_ms);

  OurOptions options_;
  base::Logger log_{base::LogLevel::Error};
  std::shared_ptr<EngineRuns> runs_ = std::make_shared<EngineRuns>();
  std::unique_ptr<lsp::MemoryTransport> ours_, theirs_;
  std::thread server_;
  std::unique_ptr<EditorClient> client_;
  engine::ModelInfo info_;
  int documents_ = 0;
  std::int64_t last_prompt_ = 0;
};

}  // namespace app

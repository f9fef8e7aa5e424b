// session.h: everything the main loop knows of one client: what was agreed, what is open, what is asked, how far the model is.
// The handlers are functions over it; server.cpp makes it and hands it every event. Main loop only, so nothing is locked.
// Borrows the conversation, the engine thread and the log from the server, which outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/log.h"
#include "lsp/completion/dismissed.h"
#include "lsp/completion/ready.h"
#include "lsp/documents/notebooks.h"
#include "lsp/documents/store.h"
#include "lsp/engine_thread/engine_thread.h"
#include "lsp/index/index_thread.h"
#include "lsp/protocol/types.h"
#include "lsp/rpc/client.h"
#include "lsp/rpc/pending.h"
#include "lsp/server.h"
#include "lsp/settings.h"
#include "lsp/statistics.h"

namespace lsp {

enum class Phase {
  Fresh,    // nothing but initialize is answered
  Running,  // between initialize and shutdown
  Leaving,  // after shutdown: only exit is left
};

enum class ModelState { NotAsked, Loading, Ready, Failed };
enum class Trace { Off, Messages, Verbose };

enum class Alarm {
  LoadPatience,   // a request (its key) has waited long enough for the model
  PopupPatience,  // the completion menu (its key) has waited long enough for a suggestion
  LeavePatience,  // shutdown has waited long enough for requests at work
  Configuration,  // the client has not sent its configuration: go on without
  IndexTexts,     // unsaved texts have been quiet for a moment
  IndexSave,      // what the index learned is worth keeping
  IndexPatience,  // the workspace has been read for a while: worth telling
  WatchClient,    // look whether the client still lives
  Quiet,          // nothing was asked since (its key) for a moment: time to warm up
  Mixing,         // time to learn how to mix, if nobody asks for anything
};
struct TimerFired {
  Alarm alarm = Alarm::WatchClient;
  Pending::Key key = 0;
};

// What the server does for its handlers besides talking.
struct Services {
  Client& client;
  EngineThread& engine;
  const base::Logger& log;
  std::function<void(std::chrono::milliseconds, TimerFired)> set_timer;
  std::function<void(int exit_code)> end;  // leaves the main loop
  std::function<void(IndexProgress)> on_index;  // called on the index thread
  std::function<void(TuningEvent)> on_tuning{};  // called on the tuning thread
};

struct LoadProgress {
  bool begun = false;  // the client was told of it, so it must be told of the end
  int percent = 0;
};

// A suggestion that is made before it is asked for: a request that it may serve takes it over.
struct Background {
  std::stop_source stop{};
  Pending::Key key = 0;
};

// A job from its submission until it is done. As long as typing agrees with what it writes it goes on, for the text as it is by then.
struct AtWork {
  Query query;         // what it was begun for
  Query wanted;        // what its suggestion is for: the same, or with what was typed since
  std::string written{};  // behind the query's cursor, so far
};

// Where a document was last asked about, in bytes, or changed since.
struct Asked {
  std::size_t cursor = 0;
  std::int64_t version = 0;
  bool after_changes = false;  // its client changed it and then asked again
};

// The latest request; a quiet moment is one without a newer one.
struct Quiet {
  Pending::Key since = 0;
  std::string document{};
};

// What the last request for a suggestion came to, for whoever asks why.
struct LastAnswer {
  std::optional<Query> query{};
  Completion completion{};
  std::string note{};  // where the model was not asked
};

// Of the index, as the user sees it.
struct IndexShown {
  enum class State { Nothing, Waiting, Asking, Begun, Refused };
  State state = State::Nothing;
  std::chrono::steady_clock::time_point busy_since{}, told{};
  int percent = 0;
  std::size_t files = 0;
};

struct Session {
  const ServerOptions& options;
  Services services;

  Phase phase = Phase::Fresh;
  bool exit_wanted = false;            // exit came while requests were at work
  std::optional<Responder> leaving{};  // shutdown's answer, while requests are at work
  Trace trace = Trace::Off;
  ClientFeatures features{};
  std::int64_t client_pid = 0;  // 0: not watched

  Settings agreed_settings{};  // the program's and initialize's: where every later configuration starts
  Settings settings{};
  std::set<std::string> complaints_told{};

  DocumentStore documents{};
  NotebookStore notebooks{};
  Pending pending{};
  ModelState model = ModelState::NotAsked;
  LoadProgress progress{};
  std::string model_name{}, model_problem{};
  std::string model_asked{};  // by command; empty: the one the server began with
  std::string adapter{};      // the folder of the one in use
  std::string draft{}, draft_asked{};  // the model that drafts, and what was asked for last

  bool paused = false;                     // by command, until it is taken back
  base::Switches switched_languages{};     // by command; the settings hold for the others
  bool popup_offered = false;              // textDocument/completion was announced
  ReadySuggestions ready{};
  DismissedSuggestions dismissed{};
  std::map<std::string, Background> background{};  // suggestions that nobody waits for yet, by document
  std::map<Pending::Key, AtWork> at_work{};        // what each job writes, waited for or not
  std::stop_source warm_up{};                      // of the latest one; any request ends it
  std::map<std::string, Asked> asked{};            // the documents a client asked about
  Quiet quiet{};
  std::string latest_opened{};
  Statistics statistics{};
  LastAnswer last{};

  std::vector<std::string> roots{};       // the workspace's folders, by URI
  std::unique_ptr<IndexThread> index{};   // once a model wants it
  std::shared_ptr<const WorkspaceSnapshot> workspace{};
  std::set<std::string> unsaved{};        // documents that the index has not seen as they are
  bool workspace_busy = false;
  bool mixing_learned = false;            // of this model: no more is to be learned
  bool mixing_soon = false;               // a timer runs
  IndexShown index_shown{};
  bool index_texts_soon = false, index_save_soon = false;  // timers that run
  std::unique_ptr<TuningThread> tuning{};  // while it works
  bool tuning_told = false;                // the client was told that it began
  Json status_told{};  // the last rigpilot/status
};

}  // namespace lsp

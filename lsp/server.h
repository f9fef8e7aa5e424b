// server.h: the language server: one client on one transport, from its first byte to its last.
// run_server() owns the main loop and starts the reader, writer and engine threads; it returns when the client says exit,
// goes away, or sends only nonsense. The model is loaded in the background once the client is initialized.
// Every request is answered exactly once; a request may fail, the process may not. Returns the process's exit code.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "lsp/completion/model.h"
#include "lsp/completion/pipeline.h"
#include "lsp/settings.h"
#include "lsp/transport/transport.h"
#include "lsp/tuning/tuning_thread.h"

namespace lsp {

// A model the user may choose while the server runs.
struct ModelChoice {
  std::string name;    // what `load_named` takes
  std::string detail;  // for people: "gguf, 98 MB"
};

// The pipeline, or in tests something in its place. Called on the engine thread.
using Completer = std::function<base::Result<Completion>(const Query&, const Deps&, std::stop_token)>;

struct ServerOptions {
  std::string name = "rigpilot";
  std::string version = "0";
  Settings settings;  // what holds until the client says otherwise
  // End when the client's process is gone. Only a client that is our parent is watched: a process id from another
  // container means nothing here.
  bool watch_client = true;
  std::chrono::milliseconds load_patience{20000};  // how long a request waits for the model before it is answered empty
  Completer complete;                              // empty: lsp::complete
  // The models there are, and the loader of one by name or path; empty: there is no choice.
  std::function<std::vector<ModelChoice>()> list_models;
  std::function<ModelLoader(std::string name)> load_named;
  // Has a smaller model draft for a loaded one, by its name or path, "none": none; called on the engine thread. Empty: there are no draft models.
  DraftUser use_draft{};
  // The adapter that was made for a workspace and a model, by the model's name for people; an empty path: none.
  std::function<std::filesystem::path(const std::filesystem::path& root, const std::string& model)> workspace_adapter{};
  Tuner tune{};  // teaches a model the workspace's code; empty: it cannot
};

// 0 after shutdown and exit; 1 where the client left without them or never spoke the protocol.
// While it runs, the logger's shown lines also go to the client (window/logMessage).
int run_server(Transport& transport, ServerOptions options, ModelLoader load, base::Logger& log);

}  // namespace lsp

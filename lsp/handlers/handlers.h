// handlers.h: what the server does for each method and each event, by family; one .cpp a family.
// add_*() puts a family's methods into the dispatcher's table; the on_*() functions take events that are no message.
// All run on the main loop and none waits.
#pragma once

#include <optional>
#include <string_view>

#include "lsp/handlers/session.h"
#include "lsp/rpc/dispatcher.h"

namespace lsp {

// lifecycle.cpp: initialize, initialized, shutdown, exit, $/setTrace
void add_lifecycle(Dispatcher& methods, Session& session);
std::optional<ResponseError> refusal(const Session& session, std::string_view method);  // what may not come now
bool ignores(const Session& session, std::string_view notification);
void leave_if_done(Session& session);  // shutdown and exit wait for the requests at work
void leave_now(Session& session);
void on_watch_client(Session& session);

// text_sync.cpp: textDocument/didOpen, didChange, didClose, didSave
void add_text_sync(Dispatcher& methods, Session& session);

// inline_completion.cpp: textDocument/inlineCompletion, $/cancelRequest
void add_inline_completion(Dispatcher& methods, Session& session);
void on_engine_done(Session& session, EngineDone done);
void answer_empty(Session& session, std::vector<Pending::Entry> entries);
void on_load_patience(Session& session, Pending::Key key);

// model_loading.cpp: no method; the model's way from the disk to the engine thread, as the user sees it
void start_loading(Session& session);  // once; does nothing later
void on_model_progress(Session& session, const ModelProgress& progress);
void on_model_loaded(Session& session, const ModelLoaded& loaded);

// configuration.cpp: workspace/didChangeConfiguration, and asking for workspace/configuration
void add_configuration(Dispatcher& methods, Session& session);
void take_initialization_options(Session& session, const Json& options);
void pull_configuration(Session& session);

// commands.cpp: workspace/executeCommand
void add_commands(Dispatcher& methods, Session& session);

}  // namespace lsp

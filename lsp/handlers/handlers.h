// handlers.h: what the server does for each method and each event, by family; one .cpp a family.
// add_*() puts a family's methods into the dispatcher's table; the on_*() functions take events that are no message.
// All run on the main loop and none waits.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

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
base::Result<void> close_document(Session& session, const std::string& uri);  // and whatever is at work for it

// notebook_sync.cpp: notebookDocument/didOpen, didChange, didClose, didSave
void add_notebook_sync(Dispatcher& methods, Session& session);
Snapshot snapshot_of(const Session& session, const Document& document);  // with a notebook's other cells, where it is one's

// inline_completion.cpp: textDocument/inlineCompletion, rigpilot/didDismiss, $/cancelRequest
std::string item_id(const Json& params);  // of {item: {command: {arguments: [id]}}}; empty where there is none
// An item's id is its request's key and its place among the request's suggestions.
std::optional<std::pair<std::uint64_t, std::size_t>> read_item_id(std::string_view id);
void add_inline_completion(Dispatcher& methods, Session& session);
void inline_completion(Session& session, const Json& params, Responder respond, AnswerShape shape);

// popup.cpp: textDocument/completion
void add_popup(Dispatcher& methods, Session& session);
bool popup_wanted(const Session& session);
void offer_popup(Session& session);  // the configuration may ask for it after initialize
void on_popup_patience(Session& session, Pending::Key key);

// jobs.cpp: no method; a request's way through the engine thread and back
Query make_query(const Session& session, const InlineCompletionParams& params, const Document& document);
std::optional<std::string> why_silent(const Session& session, std::string_view language);  // no suggestions are wanted there
Pending::Key submit(Session& session, Query query, Responder respond, AnswerShape shape);
void submit_background(Session& session, Query query);
void stop_background(Session& session, const std::string& document);
// Answers the document's older requests with nothing. Work of theirs that may serve this query goes on in the background.
void overtake(Session& session, const Query& query);
// The background's work, where it may become this query's, as the request's own; nullopt where there is none.
std::optional<Pending::Key> adopt_background(Session& session, const Query& query, Responder& respond, AnswerShape shape);
bool answer_ready(Session& session, const Query& query, Responder& respond, AnswerShape shape);  // true: answered
void answer_nothing(Session& session, Responder respond, AnswerShape shape, std::string why);
void answer_empty(Session& session, std::vector<Pending::Entry> entries);
void on_engine_done(Session& session, EngineDone done);
void on_engine_wrote(Session& session, EngineWrote wrote);
void on_load_patience(Session& session, Pending::Key key);

// model_loading.cpp: no method; the model's way from the disk to the engine thread, as the user sees it
void start_loading(Session& session);  // once; does nothing later
void load_other(Session& session, const std::string& name);
void on_model_progress(Session& session, const ModelProgress& progress);
void on_model_loaded(Session& session, const ModelLoaded& loaded);

// indexing.cpp: workspace/didChangeWatchedFiles, and what the index is told of documents
void add_indexing(Dispatcher& methods, Session& session);
void start_indexing(Session& session, std::shared_ptr<const tokenizer::Tokenizer> tokenizer);
void text_changed(Session& session, const std::string& uri);
void text_saved(Session& session, const std::string& uri);
void text_closed(Session& session, const std::string& uri);
void index_texts(Session& session);
void index_save(Session& session);
void on_index_progress(Session& session, IndexProgress progress);

// indexing_progress.cpp: no method; that the workspace is being read, where it takes long enough to be worth a word
void show_indexing(Session& session, const IndexProgress& progress);
void on_index_patience(Session& session);

// configuration.cpp: workspace/didChangeConfiguration, and asking for workspace/configuration
void add_configuration(Dispatcher& methods, Session& session);
void take_initialization_options(Session& session, const Json& options);
void pull_configuration(Session& session);

// warming.cpp: no method; work before anyone asks, at low priority: a request always goes first
void warm_opened(Session& session, const std::string& document);
void warm_again(Session& session, const std::string& document);  // where it was last asked about
void note_asked(Session& session, const Query& query);
void begin_at_change(Session& session, const ChangeParams& change);  // the suggestion that will be asked for next
void on_quiet(Session& session, Pending::Key key);

// mixing.cpp
void learn_mixing_soon(Session& session);  // once nobody has asked for a while
void learn_mixing(Session& session);
void on_mixing_learned(Session& session, const MixingLearned& learned);

// adapters.cpp: window/workDoneProgress/cancel; adapters of the model at work, and learning the workspace's code
void add_adapters(Dispatcher& methods, Session& session);
void use_wanted_adapter(Session& session);  // the setting's, or the workspace's
void use_adapter(Session& session, const std::string& folder);
void on_adapter_used(Session& session, const AdapterUsed& used);
void use_wanted_draft(Session& session);  // drafting.cpp: the setting's draft model for the model at work
void on_draft_used(Session& session, const DraftUsed& used);
base::Result<void> start_tuning(Session& session, std::int64_t rank);
void stop_tuning(Session& session);
void on_tuning_progress(Session& session, const TuningProgress& progress);
void on_tuning_done(Session& session, const TuningDone& done);
std::vector<std::filesystem::path> workspace_folders(const Session& session);  // indexing.cpp

// commands.cpp: workspace/executeCommand
void add_commands(Dispatcher& methods, Session& session);

// status.cpp: no method; what the user is told of the server's state
Json status(const Session& session);
void tell_status(Session& session);  // where it has changed, to a client that wants it

// copilot.cpp: what clients of Copilot's language server say besides LSP
void add_copilot(Dispatcher& methods, Session& session);

}  // namespace lsp

#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/protocol/json.h"

namespace lsp {
namespace {

base::Result<void> did_open(Session& session, const Json& params) {
  auto opened = read_open(params);
  if (!opened) return base::forward(opened);
  const std::string uri = opened->uri;
  session.documents.open(std::move(opened->uri), std::move(opened->language_id), opened->version, std::move(opened->text));
  session.latest_opened = uri;
  warm_opened(session, uri);
  return {};
}

base::Result<void> did_change(Session& session, const Json& params) {
  auto changed = read_change(params);
  if (!changed) return base::forward(changed);
  session.quiet = {};
  auto done = session.documents.change(changed->uri, changed->version, changed->edits);
  if (done) begin_at_change(session, *changed);
  if (done) text_changed(session, changed->uri);
  return done;
}

base::Result<void> did_close(Session& session, const Json& params) {
  auto uri = read_document_uri(params);
  if (!uri) return base::forward(uri);
  return close_document(session, *uri);
}

// The text is in step already; who saves has stopped typing for a moment.
base::Result<void> did_save(Session& session, const Json& params) {
  auto uri = read_document_uri(params);
  if (!uri) return base::forward(uri);
  warm_again(session, *uri);
  text_saved(session, *uri);
  return {};
}

}  // namespace

base::Result<void> close_document(Session& session, const std::string& uri) {
  answer_empty(session, session.pending.take_document(uri));
  stop_background(session, uri);
  session.ready.forget(uri);
  session.asked.erase(uri);
  session.dismissed.forget(uri);
  text_closed(session, uri);
  return session.documents.close(uri);
}

void add_text_sync(Dispatcher& methods, Session& session) {
  methods.on_notification("textDocument/didOpen", [&](const Json& params) { return did_open(session, params); });
  methods.on_notification("textDocument/didChange", [&](const Json& params) { return did_change(session, params); });
  methods.on_notification("textDocument/didClose", [&](const Json& params) { return did_close(session, params); });
  methods.on_notification("textDocument/didSave", [&](const Json& params) { return did_save(session, params); });
}

}  // namespace lsp

#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/protocol/json.h"

namespace lsp {
namespace {

base::Result<void> did_open(Session& session, const Json& params) {
  auto opened = read_open(params);
  if (!opened) return base::forward(opened);
  session.documents.open(std::move(opened->uri), std::move(opened->language_id), opened->version, std::move(opened->text));
  return {};
}

base::Result<void> did_change(Session& session, const Json& params) {
  auto changed = read_change(params);
  if (!changed) return base::forward(changed);
  return session.documents.change(changed->uri, changed->version, changed->edits);
}

base::Result<void> did_close(Session& session, const Json& params) {
  auto uri = read_document_uri(params);
  if (!uri) return base::forward(uri);
  return close_document(session, *uri);
}

}  // namespace

base::Result<void> close_document(Session& session, const std::string& uri) {
  answer_empty(session, session.pending.take_document(uri));
  stop_background(session, uri);
  session.ready.forget(uri);
  return session.documents.close(uri);
}

void add_text_sync(Dispatcher& methods, Session& session) {
  methods.on_notification("textDocument/didOpen", [&](const Json& params) { return did_open(session, params); });
  methods.on_notification("textDocument/didChange", [&](const Json& params) { return did_change(session, params); });
  methods.on_notification("textDocument/didClose", [&](const Json& params) { return did_close(session, params); });
  // The text is in step already; saving tells nothing new yet.
  methods.on_notification("textDocument/didSave", [](const Json&) { return base::Result<void>{}; });
}

}  // namespace lsp

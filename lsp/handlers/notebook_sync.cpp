#include <utility>

#include "lsp/context/header.h"
#include "lsp/context/neighbours.h"
#include "lsp/handlers/handlers.h"
#include "lsp/protocol/notebooks.h"

namespace lsp {
namespace {

void open_all(Session& session, std::vector<OpenParams> documents) {
  for (OpenParams& one : documents)
    session.documents.open(std::move(one.uri), std::move(one.language_id), one.version, std::move(one.text));
}

base::Result<void> did_open(Session& session, const Json& params) {
  auto opened = read_notebook_open(params);
  if (!opened) return base::forward(opened);
  open_all(session, std::move(opened->documents));
  session.notebooks.open(std::move(opened->uri), std::move(opened->cells));
  return {};
}

// What cannot be done is told, and does not keep the rest from being done.
base::Result<void> did_change(Session& session, const Json& params) {
  auto change = read_notebook_change(params);
  if (!change) return base::forward(change);
  base::Result<void> done;
  const auto note = [&](base::Result<void> step) {
    if (done && !step) done = std::move(step);
  };
  open_all(session, std::move(change->opened));
  if (change->splice) note(session.notebooks.splice(change->uri, std::move(*change->splice)));
  for (const std::string& uri : change->closed) note(close_document(session, uri));
  if (!change->described.empty()) note(session.notebooks.describe(change->uri, change->described));
  session.quiet = {};
  for (const ChangeParams& text : change->texts) {
    auto changed = session.documents.change(text.uri, text.version, text.edits);
    if (changed) begin_at_change(session, text);
    note(std::move(changed));
  }
  return done;
}

base::Result<void> did_close(Session& session, const Json& params) {
  auto closed = read_notebook_close(params);
  if (!closed) return base::forward(closed);
  base::Result<void> done = session.notebooks.close(closed->uri);
  for (const std::string& uri : closed->documents)
    if (auto step = close_document(session, uri); done && !step) done = std::move(step);
  return done;
}

}  // namespace

Snapshot snapshot_of(const Session& session, const Document& document) {
  Snapshot snapshot = document.snapshot();
  const auto place = session.notebooks.find(snapshot.uri);
  if (!place) return snapshot;
  std::vector<Snapshot> kept;  // the texts that the views below are of
  for (const Cell& cell : place->cells) {
    const Document* open = session.documents.find(cell.document);
    kept.push_back(open ? open->snapshot() : Snapshot{});
  }
  std::vector<CellText> cells;
  for (std::size_t i = 0; i < kept.size(); ++i) cells.push_back({kept[i].text(), kept[i].language_id, place->cells[i].code});
  const std::string_view comment = line_comment(snapshot.uri, snapshot.language_id);
  snapshot.neighbours = std::make_shared<const Neighbours>(join_cells(cells, place->index, comment));
  return snapshot;
}

void add_notebook_sync(Dispatcher& methods, Session& session) {
  methods.on_notification("notebookDocument/didOpen", [&](const Json& params) { return did_open(session, params); });
  methods.on_notification("notebookDocument/didChange", [&](const Json& params) { return did_change(session, params); });
  methods.on_notification("notebookDocument/didClose", [&](const Json& params) { return did_close(session, params); });
  methods.on_notification("notebookDocument/didSave", [](const Json&) { return base::Result<void>{}; });
}

}  // namespace lsp

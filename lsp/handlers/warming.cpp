#include <algorithm>
#include <array>
#include <utility>

#include "lsp/context/lines.h"
#include "lsp/handlers/handlers.h"

namespace lsp {
namespace {

constexpr std::size_t kMostTyped = 256;  // bytes of a change that may be typing: more was pasted or formatted

bool may_warm(const Session& session, const Document& document) {
  return session.model == ModelState::Ready && session.pending.empty() && !why_silent(session, document.snapshot().language_id);
}

void submit_warm_up(Session& session, WarmUp what) {
  session.warm_up.request_stop();
  session.warm_up = std::stop_source();
  session.services.engine.warm_up({std::move(what), session.settings.completion, session.warm_up.get_token(), session.workspace});
}

// Where the cursor stands once this was typed: behind it, or between a bracket and the one the editor closed it with.
std::size_t cursor_after(std::size_t begin, std::string_view text) {
  constexpr std::array<std::string_view, 6> kPairs = {"()", "[]", "{}", "\"\"", "''", "``"};
  return begin + (std::ranges::find(kPairs, text) == kPairs.end() ? text.size() : 1);
}

}  // namespace

void warm_opened(Session& session, const std::string& uri) {
  const Document* document = session.documents.find(uri);
  if (!document || !may_warm(session, *document)) return;
  submit_warm_up(session, {.query = {.document = snapshot_of(session, *document), .cursor = 0}, .opened = true});
}

void warm_again(Session& session, const std::string& uri) {
  const Document* document = session.documents.find(uri);
  const auto asked = session.asked.find(uri);
  if (!document || asked == session.asked.end() || !may_warm(session, *document)) return;
  Snapshot snapshot = snapshot_of(session, *document);
  const std::size_t cursor = snap_to_character(snapshot.text(), asked->second.cursor);
  submit_warm_up(session, {.query = {.document = std::move(snapshot), .cursor = cursor}});
}

void note_asked(Session& session, const Query& query) {
  Asked& asked = session.asked[query.document.uri];
  asked.after_changes = asked.after_changes || (asked.version != 0 && query.document.version > asked.version);
  asked.cursor = query.cursor;
  asked.version = std::max<std::int64_t>(1, query.document.version);
  session.quiet = {};
}

void begin_at_change(Session& session, const ChangeParams& change) {
  const Document* document = session.documents.find(change.uri);
  const auto asked = session.asked.find(change.uri);
  // Only for who asks after each change: anyone else's processor is left alone.
  if (!document || asked == session.asked.end() || change.edits.size() != 1) return;
  const Edit& edit = change.edits.front();
  if (!edit.span || edit.text.empty() || edit.text.size() > kMostTyped) return;
  const std::size_t begin = document->lines().offset(document->text(), edit.span->begin, session.documents.encoding());
  asked->second.cursor = cursor_after(begin, edit.text);
  if (!asked->second.after_changes || !may_warm(session, *document)) return;
  Query query{.document = snapshot_of(session, *document), .cursor = asked->second.cursor};
  if (session.ready.find(query)) return;
  submit_background(session, std::move(query));
}

void on_quiet(Session& session, Pending::Key key) {
  if (session.quiet.since == key) warm_again(session, session.quiet.document);
}

}  // namespace lsp

#include <charconv>
#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/protocol/json.h"

namespace lsp {
namespace {

base::Result<void> cancel_request(Session& session, const Json& params) {
  const Json* field = base::find_field(params, "id");
  const auto id = field ? read_id(*field) : std::nullopt;
  if (!id) return base::fail(base::ErrorCode::InvalidInput, "field 'id': expected an integer or a string");
  auto entry = session.pending.take(*id);
  if (!entry) return {};  // answered already: the two crossed on the wire
  entry->stop.request_stop();
  entry->respond.refuse({RpcError::RequestCancelled, "cancelled"});
  leave_if_done(session);
  return {};
}

// Where the cursor is now, and which item it was.
base::Result<void> did_dismiss(Session& session, const Json& params) {
  auto at = read_inline_completion(params);
  if (!at) return base::forward(at);
  const std::string id = item_id(params);
  const auto which = read_item_id(id);
  const Document* document = session.documents.find(at->uri);
  if (!which || !document) return {};
  const Query query = make_query(session, *at, *document);
  const auto item = session.ready.find(which->first, which->second, query);
  if (!item) return {};
  session.statistics.dismissed(id);
  session.dismissed.add(query, *item);
  return {};
}

}  // namespace

std::string item_id(const Json& params) {
  const Json* at = base::find_field(params, "item");
  for (const std::string_view field : {"command", "arguments"}) at = at ? base::find_field(*at, field) : nullptr;
  return at && at->is_array() && !at->empty() && at->front().is_string() ? at->front().get<std::string>() : std::string();
}

std::optional<std::pair<std::uint64_t, std::size_t>> read_item_id(std::string_view id) {
  std::uint64_t key = 0;
  std::size_t index = 0;
  const char* const end = id.data() + id.size();
  const auto first = std::from_chars(id.data(), end, key);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
  if (const auto second = std::from_chars(first.ptr + 1, end, index); second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return std::pair{key, index};
}

void inline_completion(Session& session, const Json& params, Responder respond, AnswerShape shape) {
  auto read = read_inline_completion(params);
  if (!read) return respond.refuse(response_error(read.error()));
  const Document* document = session.documents.find(read->uri);
  if (!document)
    return respond.refuse({RpcError::InvalidParams, fmt::format("the document '{}' is not open", read->uri)});
  Query query = make_query(session, *read, *document);
  // The older one is about text that is no longer there. It is answered, not refused: its client did not cancel it.
  overtake(session, query);
  session.statistics.requested();
  if (auto why = why_silent(session, query.document.language_id)) return answer_nothing(session, std::move(respond), shape, *why);
  start_loading(session);
  note_asked(session, query);
  if (query.invocation == Invocation::Explicit) {
    session.dismissed.forgive(query);
    query.shown = session.ready.showing(query);
  }
  if (answer_ready(session, query, respond, shape)) return;
  if (adopt_background(session, query, respond, shape)) return;
  stop_background(session, read->uri);
  submit(session, std::move(query), std::move(respond), shape);
}

void add_inline_completion(Dispatcher& methods, Session& session) {
  methods.on_request("textDocument/inlineCompletion", [&](const Json& params, Responder respond) {
    inline_completion(session, params, std::move(respond), AnswerShape::Inline);
  });
  methods.on_notification("rigpilot/didDismiss", [&](const Json& params) { return did_dismiss(session, params); });
  methods.on_notification("$/cancelRequest", [&](const Json& params) { return cancel_request(session, params); });
}

}  // namespace lsp

#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/handlers/placement.h"
#include "lsp/protocol/capabilities.h"
#include "lsp/protocol/json.h"

namespace lsp {
namespace {

Json no_items() { return write_items({}, kAcceptCommand); }

// The popup's item, where it is something a suggestion can extend: an editor may also send a selection over several lines.
std::optional<SelectedItem> selected_item(const InlineCompletionParams& params, const Document& document,
                                          PositionEncoding encoding, std::size_t cursor) {
  if (!params.selected) return std::nullopt;
  const Span& span = params.selected->span;
  if (span.begin.line != params.position.line || span.end.line != params.position.line) return std::nullopt;
  const std::size_t begin = document.lines().offset(document.text(), span.begin, encoding);
  const std::size_t end = document.lines().offset(document.text(), span.end, encoding);
  if (begin > cursor || end < cursor) return std::nullopt;
  return SelectedItem{begin, end, params.selected->text};
}

Query make_query(const InlineCompletionParams& params, const Document& document, PositionEncoding encoding) {
  const std::size_t cursor = document.lines().offset(document.text(), params.position, encoding);
  return Query{.document = document.snapshot(),
               .cursor = cursor,
               .invocation = params.invoked ? Invocation::Explicit : Invocation::Automatic,
               .selected = selected_item(params, document, encoding, cursor)};
}

bool wants_no_model(const Session& session) {
  return !session.settings.completion.enabled || session.model == ModelState::Failed;
}

void submit(Session& session, Query query, Responder respond) {
  std::stop_source stop;
  const auto key = session.pending.add(std::move(respond), stop, query.document.uri);
  session.services.engine.submit(
      Job{.key = key, .query = std::move(query), .settings = session.settings.completion, .stop = stop.get_token()});
  if (session.model != ModelState::Ready) session.services.set_timer(session.options.load_patience, {Alarm::LoadPatience, key});
}

void inline_completion(Session& session, const Json& params, Responder respond) {
  auto read = read_inline_completion(params);
  if (!read) return respond.refuse(response_error(read.error()));
  const Document* document = session.documents.find(read->uri);
  if (!document)
    return respond.refuse({RpcError::InvalidParams, fmt::format("the document '{}' is not open", read->uri)});
  // The older one is about text that is no longer there. It is answered, not refused: its client did not cancel it.
  answer_empty(session, session.pending.take_document(read->uri));
  if (wants_no_model(session)) return respond.succeed(no_items());
  start_loading(session);
  submit(session, make_query(*read, *document, session.documents.encoding()), std::move(respond));
}

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

std::vector<InlineItem> items_of(const Session& session, const EngineDone& done) {
  std::vector<InlineItem> items;
  const RangeStyle style = range_style(session.features.name);
  for (const Suggestion& suggestion : done.completion->items) {
    auto item = place_item(suggestion, done.query, style, session.documents.encoding());
    if (!item) continue;
    item->id = fmt::format("{}.{}", done.key, items.size());
    items.push_back(std::move(*item));
  }
  return items;
}

// One line for whoever wonders why there is a suggestion, or none.
void trace_answer(const Session& session, const EngineDone& done, const Id& id) {
  if (session.trace == Trace::Off) return;
  const Completion& completion = *done.completion;
  Json params = {{"message", fmt::format("inlineCompletion {}: {} in {:.0f} ms", id_text(id), reason_name(completion.reason),
                                         completion.timings.total_ms)}};
  if (session.trace == Trace::Verbose)
    params["verbose"] = fmt::format("{}; {} prompt tokens, {} computed in {:.0f} ms, {} written in {:.0f} ms", completion.detail,
                                    completion.timings.engine.prompt_tokens, completion.timings.engine.prefill_tokens,
                                    completion.timings.engine.prefill_ms, completion.timings.engine.decode_tokens,
                                    completion.timings.engine.decode_ms);
  session.services.client.notify("$/logTrace", std::move(params));
}

}  // namespace

void answer_empty(Session& session, std::vector<Pending::Entry> entries) {
  for (Pending::Entry& entry : entries) {
    entry.stop.request_stop();
    entry.respond.succeed(no_items());
  }
  leave_if_done(session);
}

void on_engine_done(Session& session, EngineDone done) {
  auto entry = session.pending.take(done.key);
  if (!entry) return;  // cancelled, or a newer request took its place
  if (!done.completion) {
    const bool told = session.model == ModelState::Failed || done.completion.error().code == base::ErrorCode::Cancelled;
    if (!told)
      session.services.log.error("no suggestion: {}", done.completion.error().message);
    entry->respond.succeed(no_items());
    return leave_if_done(session);
  }
  trace_answer(session, done, entry->respond.id());
  entry->respond.succeed(write_items(items_of(session, done), kAcceptCommand));
  leave_if_done(session);
}

void on_load_patience(Session& session, Pending::Key key) {
  auto entry = session.pending.take(key);
  if (!entry) return;
  session.services.log.info("a request waited {} ms for the model", session.options.load_patience.count());
  entry->stop.request_stop();
  entry->respond.succeed(no_items());
  leave_if_done(session);
}

void add_inline_completion(Dispatcher& methods, Session& session) {
  methods.on_request("textDocument/inlineCompletion", [&](const Json& params, Responder respond) {
    inline_completion(session, params, std::move(respond));
  });
  methods.on_notification("$/cancelRequest", [&](const Json& params) { return cancel_request(session, params); });
}

}  // namespace lsp

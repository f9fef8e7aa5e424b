#include <utility>

#include "lsp/handlers/answers.h"
#include "lsp/handlers/handlers.h"
#include "lsp/protocol/capabilities.h"
#include "lsp/protocol/json.h"

namespace lsp {
namespace {

// The menu waits for the slowest of its servers, so this answers from what is ready and has the rest made for the next key.
void completion(Session& session, const Json& params, Responder respond) {
  constexpr auto kShape = AnswerShape::Popup;
  auto read = read_inline_completion(params);
  if (!read) return respond.refuse(response_error(read.error()));
  const Document* document = session.documents.find(read->uri);
  if (!document)
    return respond.refuse({RpcError::InvalidParams, fmt::format("the document '{}' is not open", read->uri)});
  read->invoked = false;  // "invoked" means typing here, and the context is another one
  read->selected.reset();
  Query query = make_query(session, *read, *document);
  if (!popup_wanted(session) || why_silent(session, query.document.language_id))
    return respond.succeed(empty_answer(session, kShape, true));
  session.statistics.requested();
  start_loading(session);
  if (answer_ready(session, query, respond, kShape)) return;
  const int wait_ms = session.settings.completion.popup_wait_ms;
  if (wait_ms > 0) {
    stop_background(session, read->uri);
    answer_empty(session, session.pending.take_document(read->uri));
    const auto key = submit(session, std::move(query), std::move(respond), kShape);
    return session.services.set_timer(std::chrono::milliseconds(wait_ms), {Alarm::PopupPatience, key});
  }
  respond.succeed(empty_answer(session, kShape, false));
  if (session.model != ModelState::Ready || !session.pending.empty()) return;  // a request at work makes it, or is more urgent
  submit_background(session, std::move(query));
}

}  // namespace

bool popup_wanted(const Session& session) {
  const std::string& popup = session.settings.completion.popup;
  return popup == "on" || (popup == "auto" && !session.features.knows_inline_completion);
}

void offer_popup(Session& session) {
  if (session.popup_offered || !session.features.registers_popup || !popup_wanted(session)) return;
  session.popup_offered = true;
  Json options = popup_options();
  options["documentSelector"] = nullptr;
  const Json wanted = {{"id", "popup"}, {"method", "textDocument/completion"}, {"registerOptions", std::move(options)}};
  session.services.client.request("client/registerCapability", {{"registrations", Json::array({wanted})}}, [&session](Outcome outcome) {
    if (!outcome) session.services.log.warning("client/registerCapability: {}", outcome.error().message);
  });
}

void on_popup_patience(Session& session, Pending::Key key) {
  auto entry = session.pending.take(key);
  if (!entry) return;
  entry->respond.succeed(empty_answer(session, entry->shape, false));
  session.background[entry->document] = {.stop = entry->stop, .key = key};  // it goes on, for the next time
  leave_if_done(session);
}

void add_popup(Dispatcher& methods, Session& session) {
  methods.on_request("textDocument/completion",
                     [&](const Json& params, Responder respond) { completion(session, params, std::move(respond)); });
}

}  // namespace lsp

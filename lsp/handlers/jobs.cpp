#include <utility>

#include "lsp/handlers/answers.h"
#include "lsp/handlers/handlers.h"

namespace lsp {
namespace {

constexpr int kItemsAskedFor = 3;  // to choose among, where the user asked; typing shows one

constexpr std::chrono::milliseconds kQuiet{400};  // longer than between two keys

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

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

Query make_query(const Session& session, const InlineCompletionParams& params, const Document& document) {
  const PositionEncoding encoding = session.documents.encoding();
  const std::size_t cursor = document.lines().offset(document.text(), params.position, encoding);
  return Query{.document = snapshot_of(session, document),
               .cursor = cursor,
               .invocation = params.invoked ? Invocation::Explicit : Invocation::Automatic,
               .selected = selected_item(params, document, encoding, cursor),
               .items = params.invoked ? kItemsAskedFor : 1};
}

std::optional<std::string> why_silent(const Session& session, std::string_view language) {
  if (!session.settings.completion.enabled) return "suggestions are switched off (rigpilot.completion.enabled)";
  if (session.paused) return "suggestions are paused";
  const auto switched = session.switched_languages.find(std::string(language));
  const bool wanted = switched == session.switched_languages.end() ? wanted_in(session.settings.completion, language) : switched->second;
  if (!wanted) return fmt::format("suggestions are off for the language '{}'", language);
  if (session.model == ModelState::Failed) return session.model_problem;
  return std::nullopt;
}

namespace {

// The settings as they hold for this document: what a command switched on, the pipeline must not refuse.
CompletionSettings job_settings(const Session& session) {
  CompletionSettings settings = session.settings.completion;
  for (const auto& [language, on] : session.switched_languages) settings.languages[language] = on;
  return settings;
}

}  // namespace

namespace {

// Whoever waved a suggestion away does not want it back by typing.
void hold_back_dismissed(const Session& session, const Query& query, Completion& completion) {
  if (query.invocation == Invocation::Explicit || completion.items.empty()) return;
  std::erase_if(completion.items, [&](const Suggestion& item) { return session.dismissed.holds(query, item); });
  if (!completion.items.empty()) return;
  completion.reason = Reason::Rejected;
  completion.detail = "it was dismissed here before";
}

}  // namespace

namespace {

void begin(Session& session, Pending::Key key, Query query, std::stop_token stop) {
  session.at_work.insert_or_assign(key, AtWork{.query = query, .wanted = query});
  session.services.engine.submit(
      Job{.key = key, .query = std::move(query), .settings = job_settings(session), .stop = std::move(stop), .workspace = session.workspace});
}

// The work of this key, where it may become the query's.
AtWork* serving(Session& session, Pending::Key key, const Query& query) {
  const auto found = session.at_work.find(key);
  return found != session.at_work.end() && may_become(found->second.query, found->second.written, query) ? &found->second : nullptr;
}

}  // namespace

Pending::Key submit(Session& session, Query query, Responder respond, AnswerShape shape) {
  std::stop_source stop;
  session.warm_up.request_stop();
  for (auto& [uri, begun] : session.background) begun.stop.request_stop();  // a request goes first
  session.background.clear();
  const auto key = session.pending.add(std::move(respond), stop, query.document.uri, shape);
  begin(session, key, std::move(query), stop.get_token());
  if (session.model != ModelState::Ready) session.services.set_timer(session.options.load_patience, {Alarm::LoadPatience, key});
  return key;
}

void submit_background(Session& session, Query query) {
  if (const auto begun = session.background.find(query.document.uri); begun != session.background.end() && !begun->second.stop.stop_requested())
    if (AtWork* work = serving(session, begun->second.key, query)) {
      work->wanted = std::move(query);
      return;
    }
  stop_background(session, query.document.uri);
  session.warm_up.request_stop();
  const Background background{.key = session.pending.new_key()};
  session.background[query.document.uri] = background;
  begin(session, background.key, std::move(query), background.stop.get_token());
}

void stop_background(Session& session, const std::string& document) {
  if (auto node = session.background.extract(document)) node.mapped().stop.request_stop();
}

void overtake(Session& session, const Query& query) {
  std::vector<Pending::Entry> older = session.pending.take_document(query.document.uri);
  for (Pending::Entry& entry : older) {
    if (!serving(session, entry.key, query)) continue;
    stop_background(session, entry.document);
    session.background[entry.document] = {.stop = std::exchange(entry.stop, {}), .key = entry.key};
  }
  answer_empty(session, std::move(older));
}

std::optional<Pending::Key> adopt_background(Session& session, const Query& query, Responder& respond, AnswerShape shape) {
  const auto found = session.background.find(query.document.uri);
  if (found == session.background.end() || found->second.stop.stop_requested()) return std::nullopt;
  AtWork* work = serving(session, found->second.key, query);
  if (!work) return std::nullopt;
  work->wanted = query;
  const auto key = found->second.key;
  session.pending.add(key, std::move(respond), found->second.stop, query.document.uri, shape);
  session.background.erase(found);
  return key;
}

bool answer_ready(Session& session, const Query& query, Responder& respond, AnswerShape shape) {
  const auto start = std::chrono::steady_clock::now();
  auto found = session.ready.find(query);
  if (!found) return false;
  hold_back_dismissed(session, query, found->completion);
  const Made made{found->key, found->index, query, found->completion};
  respond.succeed(answer_json(session, made, shape, ms_since(start), true));
  session.last = {.query = query, .completion = std::move(found->completion)};
  return true;
}

void answer_nothing(Session& session, Responder respond, AnswerShape shape, std::string why) {
  respond.succeed(empty_answer(session, shape, true));
  session.last = {.note = std::move(why)};
}

void answer_empty(Session& session, std::vector<Pending::Entry> entries) {
  for (Pending::Entry& entry : entries) {
    entry.stop.request_stop();
    entry.respond.succeed(empty_answer(session, entry.shape, false));
  }
  leave_if_done(session);
}

namespace {

// What was begun for an older text, as it is for the text that is wanted now; false: it is not for that.
bool fit_to_wanted(EngineDone& done, const Query& wanted) {
  if (wanted.document.version == done.query.document.version && wanted.cursor == done.query.cursor) return true;
  if (!done.completion || done.completion->items.empty()) return false;
  auto item = typed_through(done.query, done.completion->items.front(), wanted);
  if (!item) return false;
  done.completion->items = {std::move(*item)};
  done.query = wanted;
  return true;
}

// A job whose text goes another way than what is typed gives way to one for the text as it is.
void begin_anew(Session& session, Pending::Key key, Query wanted) {
  if (auto entry = session.pending.take(key)) {
    entry->stop.request_stop();
    submit(session, std::move(wanted), std::move(entry->respond), entry->shape);
    return;
  }
  const auto begun = session.background.find(wanted.document.uri);
  if (begun == session.background.end() || begun->second.key != key) return;
  stop_background(session, wanted.document.uri);
  if (session.documents.find(wanted.document.uri) && session.pending.empty() && !session.ready.find(wanted)) submit_background(session, std::move(wanted));
}

}  // namespace

void on_engine_wrote(Session& session, EngineWrote wrote) {
  const auto found = session.at_work.find(wrote.key);
  if (found == session.at_work.end()) return;
  AtWork& work = found->second;
  work.written = std::move(wrote.text);
  const bool typed_on = work.wanted.cursor != work.query.cursor || work.wanted.document.version != work.query.document.version;
  if (typed_on && !may_become(work.query, work.written, work.wanted)) begin_anew(session, wrote.key, work.wanted);
}

void on_engine_done(Session& session, EngineDone done) {
  auto work = session.at_work.extract(done.key);
  const bool suggested = done.completion && done.completion->reason == Reason::Suggested;
  if (suggested) session.ready.keep(done.key, done.query, *done.completion);
  const bool cancelled = !done.completion && done.completion.error().code == base::ErrorCode::Cancelled;
  if (work && !cancelled && !fit_to_wanted(done, work.mapped().wanted)) return begin_anew(session, done.key, std::move(work.mapped().wanted));
  std::erase_if(session.background, [&](const auto& begun) { return begun.second.key == done.key; });
  learn_mixing_soon(session);
  auto entry = session.pending.take(done.key);
  if (!entry) return;  // cancelled, a newer request took its place, or nobody waits for it
  if (!done.completion) {
    const bool told = session.model == ModelState::Failed || cancelled;
    if (!told)
      session.services.log.error("no suggestion: {}", done.completion.error().message);
    session.last = {.note = done.completion.error().message};
    entry->respond.succeed(empty_answer(session, entry->shape, false));
    return leave_if_done(session);
  }
  if (done.stale) {
    session.quiet = {done.key, done.query.document.uri};
    session.services.set_timer(kQuiet, {Alarm::Quiet, done.key});
  }
  hold_back_dismissed(session, done.query, *done.completion);
  trace_answer(session, done, entry->respond.id());
  entry->respond.succeed(answer_json(session, {done.key, 0, done.query, *done.completion}, entry->shape, ms_since(entry->asked_at), false));
  session.last = {.query = std::move(done.query), .completion = std::move(*done.completion)};
  leave_if_done(session);
}

void on_load_patience(Session& session, Pending::Key key) {
  auto entry = session.pending.take(key);
  if (!entry) return;
  session.services.log.info("a request waited {} ms for the model", session.options.load_patience.count());
  entry->stop.request_stop();
  entry->respond.succeed(empty_answer(session, entry->shape, false));
  leave_if_done(session);
}

}  // namespace lsp

#include "app/measure/editor_client.h"

#include <array>
#include <utility>

#include "lsp/transport/framing.h"

namespace app {

using base::Json;

EditorClient::EditorClient(lsp::Transport& transport) : transport_(transport), reader_([this] { read(); }) {}

EditorClient::~EditorClient() {
  transport_.close();
  reader_.join();
}

void EditorClient::read() {
  lsp::FrameReader frames;
  std::array<char, 64 * 1024> chunk;
  while (const std::size_t count = transport_.read(chunk)) {
    const auto at = Clock::now();
    frames.feed({chunk.data(), count});
    while (auto body = frames.next()) {
      if (!*body) continue;
      if (auto message = base::parse_json(**body, "the server")) arrived_.push({at, std::move(*message)});
    }
  }
  arrived_.close();
}

void EditorClient::send(Json message) {
  message["jsonrpc"] = "2.0";
  transport_.write(lsp::frame(message.dump()));
}

int EditorClient::request(std::string_view method, Json params) {
  send({{"id", ++last_id_}, {"method", method}, {"params", std::move(params)}});
  return last_id_;
}

void EditorClient::notify(std::string_view method, Json params) { send({{"method", method}, {"params", std::move(params)}}); }

std::optional<EditorClient::Arrived> EditorClient::reply(int id, Clock::time_point until) {
  for (;;) {
    if (auto node = replies_.extract(id)) return std::move(node.mapped());
    auto next = arrived_.pop_until(until);
    if (!next) return std::nullopt;
    const Json* answered = base::find_field(next->message, "id");
    if (!answered || !answered->is_number_integer() || base::find_field(next->message, "method")) continue;
    const int whose = answered->get<int>();
    if (++answered_[whose] > 1) ++twice_answered_;
    replies_.insert_or_assign(whose, std::move(*next));
  }
}

base::Result<void> EditorClient::initialize(const Json& settings) {
  const int id = request("initialize", {{"processId", nullptr},
                                        {"clientInfo", {{"name", "rigpilot-bench"}}},
                                        {"capabilities", Json::object()},
                                        {"initializationOptions", settings}});
  const auto answer = reply(id, Clock::now() + std::chrono::seconds(30));
  if (!answer || !base::find_field(answer->message, "result"))
    return base::fail(base::ErrorCode::Failed, "the language server did not answer initialize");
  notify("initialized", Json::object());
  return {};
}

void EditorClient::open(const std::string& uri, const std::string& text) {
  open_[uri] = {text, 1};
  notify("textDocument/didOpen", {{"textDocument", {{"uri", uri}, {"languageId", ""}, {"version", 1}, {"text", text}}}});
}

void EditorClient::close(const std::string& uri) {
  open_.erase(uri);
  notify("textDocument/didClose", {{"textDocument", {{"uri", uri}}}});
}

Json EditorClient::position(const std::string& text, std::size_t offset) const {
  const lsp::LineColumn place = lsp::LineIndex(text).place(text, offset, lsp::PositionEncoding::Utf16);
  return {{"line", place.line}, {"character", place.column}};
}

void EditorClient::insert(const std::string& uri, std::size_t offset, std::string_view text) {
  OpenText& document = open_.at(uri);
  const Json at = position(document.text, offset);
  document.text.insert(offset, text);
  notify("textDocument/didChange", {{"textDocument", {{"uri", uri}, {"version", ++document.version}}},
                                    {"contentChanges", Json::array({{{"range", {{"start", at}, {"end", at}}}, {"text", text}}})}});
}

int EditorClient::ask(const std::string& uri, std::size_t cursor) {
  return request("textDocument/inlineCompletion", {{"textDocument", {{"uri", uri}}},
                                                   {"position", position(open_.at(uri).text, cursor)},
                                                   {"context", {{"triggerKind", 2}}}});
}

void EditorClient::cancel(int id) { notify("$/cancelRequest", {{"id", id}}); }

void EditorClient::save(const std::string& uri) { notify("textDocument/didSave", {{"textDocument", {{"uri", uri}}}}); }

std::optional<Answer> EditorClient::wait(int id, Clock::time_point until) {
  auto arrived = reply(id, until);
  if (!arrived) return std::nullopt;
  Answer answer{arrived->at};
  const Json* result = base::find_field(arrived->message, "result");
  const Json* items = result ? base::find_field(*result, "items") : nullptr;
  if (items && !items->empty()) {
    answer.items = items->size();
    answer.text = items->front().value("insertText", "");
  }
  return answer;
}

bool EditorClient::leave() {
  const int id = request("shutdown", nullptr);
  const bool answered = reply(id, Clock::now() + std::chrono::seconds(30)).has_value();
  notify("exit", nullptr);
  return answered;
}

}  // namespace app

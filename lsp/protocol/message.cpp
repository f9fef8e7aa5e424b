#include "lsp/protocol/message.h"

#include <utility>

namespace lsp {
namespace {

std::unexpected<BadMessage> bad(std::optional<Id> id, RpcError code, std::string text) {
  return std::unexpected(BadMessage{std::move(id), {code, std::move(text)}});
}

bool is_hex(char c) { return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f') || ('A' <= c && c <= 'F'); }

// The value of \uXXXX at `at`; 0 where there is none.
unsigned escape_at(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
  unsigned value = 0;
  for (const char c : text.substr(at + 2, 4)) {
    if (!is_hex(c)) return 0;
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

// Editors that hold UTF-16 may send half of a surrogate pair (\ud83d alone), which is no character and no valid JSON text.
// U+FFFD in its place is one UTF-16 unit too, so positions stay right. Unchanged text: nothing to mend.
std::string mend_lone_surrogates(std::string_view body) {
  std::string out(body);
  for (std::size_t at = 0; at + 6 <= out.size(); ++at) {
    if (out[at] != '\\') continue;
    const unsigned value = escape_at(out, at);
    const bool leads = 0xD800 <= value && value <= 0xDBFF;
    const unsigned next = leads ? escape_at(out, at + 6) : 0;
    if (leads && 0xDC00 <= next && next <= 0xDFFF) at += 11;
    else if (0xD800 <= value && value <= 0xDFFF) out.replace(at, 6, "\\ufffd");
    else ++at;  // an escaped backslash is not the start of the next escape
  }
  return out;
}

base::Result<Json> parse_body(std::string_view body) {
  auto json = base::parse_json(body, "the message");
  if (json || body.find("\\u") == std::string_view::npos) return json;
  const std::string mended = mend_lone_surrogates(body);
  if (mended == body) return json;
  return base::parse_json(mended, "the message");
}

std::expected<Message, BadMessage> read_reply(const Json& json, std::optional<Id> id) {
  const Json* error = base::find_field(json, "error");
  if (!error) return Reply{std::move(id), json.value("result", Json())};
  const int code = base::try_get<int>(*error, "code").value_or(static_cast<int>(RpcError::InternalError));
  auto text = base::try_get<std::string>(*error, "message").value_or("no message");
  return Reply{std::move(id), std::unexpected(ResponseError{static_cast<RpcError>(code), std::move(text)})};
}

std::expected<Message, BadMessage> read_call(Json& json, std::optional<Id> id, bool has_id) {
  auto method = base::get<std::string>(json, "method");
  if (!method) return bad(id, RpcError::InvalidRequest, method.error().message);
  Json params;
  if (const auto found = json.find("params"); found != json.end()) params = std::move(*found);
  if (!params.is_null() && !params.is_structured())
    return bad(id, RpcError::InvalidRequest, "field 'params' of '" + *method + "' is " + base::json_type_name(params) +
                                                 ": expected an object or an array");
  if (!has_id) return Notification{std::move(*method), std::move(params)};
  if (!id) return bad(id, RpcError::InvalidRequest, "field 'id' of '" + *method + "': expected an integer or a string");
  return Request{std::move(*id), std::move(*method), std::move(params)};
}

Json envelope() { return Json{{"jsonrpc", "2.0"}}; }

}  // namespace

std::string id_text(const Id& id) { return base::dump_json(write_id(id)); }

std::optional<Id> read_id(const Json& value) {
  if (value.is_string()) return Id{value.get<std::string>()};
  if (base::detail::JsonKind<std::int64_t>::is(value)) return Id{value.get<std::int64_t>()};
  return std::nullopt;
}

Json write_id(const Id& id) {
  return std::visit([](const auto& value) { return Json(value); }, id.value);
}

std::expected<Message, BadMessage> parse_message(std::string_view body) {
  auto json = parse_body(body);
  if (!json) return bad(std::nullopt, RpcError::ParseError, json.error().message);
  if (json->is_array()) return bad(std::nullopt, RpcError::InvalidRequest, "the message is a batch: LSP has no batches");
  if (!json->is_object())
    return bad(std::nullopt, RpcError::InvalidRequest,
               std::string("the message is ") + base::json_type_name(*json) + ": expected an object");
  const auto id_field = json->find("id");
  const bool has_id = id_field != json->end();
  std::optional<Id> id = has_id ? read_id(*id_field) : std::nullopt;
  const Json* version = base::find_field(*json, "jsonrpc");
  if (version && *version != "2.0")
    return bad(id, RpcError::InvalidRequest, "field 'jsonrpc': expected \"2.0\"");
  if (json->contains("method")) return read_call(*json, std::move(id), has_id);
  if (json->contains("result") || json->contains("error")) return read_reply(*json, std::move(id));
  return bad(id, RpcError::InvalidRequest, "the message has neither 'method' nor 'result' nor 'error'");
}

std::string request_text(const Id& id, std::string_view method, Json params) {
  Json message = envelope();
  message["id"] = write_id(id);
  message["method"] = method;
  message["params"] = std::move(params);
  return base::dump_json(message);
}

std::string notification_text(std::string_view method, Json params) {
  Json message = envelope();
  message["method"] = method;
  message["params"] = std::move(params);
  return base::dump_json(message);
}

std::string result_text(const Id& id, Json result) {
  Json message = envelope();
  message["id"] = write_id(id);
  message["result"] = std::move(result);
  return base::dump_json(message);
}

std::string error_text(const std::optional<Id>& id, const ResponseError& error) {
  Json message = envelope();
  message["id"] = id ? write_id(*id) : Json();
  message["error"] = {{"code", static_cast<int>(error.code)}, {"message", error.message}};
  return base::dump_json(message);
}

}  // namespace lsp

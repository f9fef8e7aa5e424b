// message.h: the three kinds of JSON-RPC message, read from a body and written to one.
// parse_message() for what the client sends; the *_text() functions make bodies, which framing.h then wraps.
// Pure; a body that is no message gives the error reply it deserves, with the message's id where that could be read.
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "lsp/protocol/errors.h"

namespace lsp {

using base::Json;

struct Id {
  std::variant<std::int64_t, std::string> value;
  auto operator<=>(const Id&) const = default;
};
std::string id_text(const Id& id);  // 7, "seven" with its quotes

struct Request {
  Id id;
  std::string method;
  Json params;  // an object or array; null where there are none
};
struct Notification {
  std::string method;
  Json params;
};
struct Reply {
  std::optional<Id> id;  // none: the client could not read what it answers
  std::expected<Json, ResponseError> outcome;
};
using Message = std::variant<Request, Notification, Reply>;

struct BadMessage {
  std::optional<Id> id;
  ResponseError error;
};

std::expected<Message, BadMessage> parse_message(std::string_view body);

std::string request_text(const Id& id, std::string_view method, Json params);
std::string notification_text(std::string_view method, Json params);
std::string result_text(const Id& id, Json result);
std::string error_text(const std::optional<Id>& id, const ResponseError& error);  // no id: null

std::optional<Id> read_id(const Json& value);  // an integer or a string
Json write_id(const Id& id);

}  // namespace lsp

// messages.h: text messages that somebody exported, as conversations to train on: "name: text" lines, a document a conversation.
// parse_messages() reads JSON (a list of objects; {"messages": [...]} as Facebook and Instagram export; {"chats": {"list": [...]}} as
// Telegram does) or CSV with a header (RFC 4180; commas, semicolons or tabs); conversations() puts them in order and cuts them at
// pauses. Pure. Errors name the file and say which fields were looked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace app {

struct Message {
  std::string who, text, thread;
  std::optional<std::int64_t> seconds;  // since 1970
};

base::Result<std::vector<Message>> parse_messages(std::string_view text, const std::string& what);

// A pause of six hours begins a new one, where times are known.
std::vector<std::string> conversations(std::vector<Message> messages);

}  // namespace app

#include "app/finetune/message_data.h"

#include <algorithm>
#include <cmath>

#include "app/finetune/messages.h"
#include "base/files.h"
#include "base/json.h"

namespace app {
namespace {

// A single conversation in two, between messages.
std::vector<std::string> cut_in_two(const std::string& conversation, double share) {
  const std::size_t wanted = std::size_t(double(conversation.size()) * (1 - share));
  std::size_t at = conversation.rfind('\n', std::min(wanted, conversation.size() - 2)) + 1;  // npos + 1 is 0
  if (at == 0) at = conversation.find('\n') + 1;
  if (at == 0 || at >= conversation.size()) return {conversation};
  return {conversation.substr(0, at), conversation.substr(at)};
}

}  // namespace

base::Result<MessageData> make_message_data(const std::filesystem::path& file, double share, const std::filesystem::path& into) {
  auto text = base::read_file(file);
  if (!text) return base::forward(text);
  auto messages = parse_messages(*text, file.string());
  if (!messages) return base::forward(messages);
  std::vector<std::string> all = conversations(std::move(*messages));
  if (all.size() == 1) all = cut_in_two(all.front(), share);
  const std::size_t usual = std::size_t(std::max(2.0, std::round(1 / share)));
  const std::size_t every = all.size() < usual ? std::max<std::size_t>(2, all.size()) : usual;
  MessageData out{.train = into / "messages.jsonl", .held_out = into / "messages-held-out.jsonl"};
  std::string train, held_out;
  for (std::size_t number = 1; number <= all.size(); ++number) {
    const bool away = number % every == 0;
    (away ? held_out : train) += base::dump_json({{"text", all[number - 1]}}) + "\n";
    ++(away ? out.held_out_conversations : out.conversations);
    if (!away) out.bytes += all[number - 1].size();
  }
  if (auto written = base::write_file_atomic(out.train, train); !written) return base::forward(written);
  if (auto written = base::write_file_atomic(out.held_out, held_out); !written) return base::forward(written);
  return out;
}

}  // namespace app

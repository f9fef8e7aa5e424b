// message_data.h: exported text messages as what a model is trained on and what it is measured by.
// make_message_data(FILE, share, INTO) writes INTO/messages.jsonl and INTO/messages-held-out.jsonl, a conversation a line: every tenth is held
// out for a share of 0.1; of fewer the last one, of a single one its end. Errors name the file (app/finetune/messages.h).
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace app {

struct MessageData {
  std::filesystem::path train, held_out;
  std::size_t conversations = 0, held_out_conversations = 0;  // parts of one count; none held out: there was a single message
  std::uint64_t bytes = 0;                                    // of text to train on
};

base::Result<MessageData> make_message_data(const std::filesystem::path& file, double share, const std::filesystem::path& into);

}  // namespace app

// Any bytes as exported messages: a sentence, or conversations that hold every message's text.
#include <cstdint>
#include <cstdlib>

#include "app/finetune/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto messages = app::parse_messages({reinterpret_cast<const char*>(data), size}, "file");
  if (!messages) {
    if (messages.error().message.empty()) std::abort();
    return 0;
  }
  std::size_t said = 0, kept = 0;
  for (const app::Message& message : *messages) said += message.text.size();
  for (const std::string& text : app::conversations(*messages)) kept += text.size();
  if (kept < said) std::abort();
  return 0;
}

// Any bytes as a tokenizer.json: a sentence or a tokenizer, and then one that takes any bytes as text and can be written as GGUF or not.
#include <cstdint>
#include <cstdlib>

#include "tokenizer/hf_json.h"
#include "tokenizer/hf_json_export.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = tokenizer::read_hf_json({.tokenizer = bytes});
  if (!tokenizer) {
    if (tokenizer.error().message.empty()) std::abort();
    return 0;
  }
  const std::string_view text = bytes.substr(0, 4096);
  for (const bool special : {false, true}) {
    const auto ids = (*tokenizer)->encode(text, {.parse_special = special});
    for (const auto id : ids)
      if (id < 0 || static_cast<std::size_t>(id) >= (*tokenizer)->vocab_size()) std::abort();
    (void)(*tokenizer)->decode(ids);
  }
  const auto tokens = static_cast<std::int64_t>((*tokenizer)->vocab_size());
  const auto exported = tokenizer::export_hf_json(bytes, "fuzz", **tokenizer, tokens);
  if (exported && exported->tokens.size() != (*tokenizer)->vocab_size()) std::abort();
  if (!exported && exported.error().message.empty()) std::abort();
  return 0;
}

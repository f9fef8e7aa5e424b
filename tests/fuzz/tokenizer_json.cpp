// Any bytes as a tokenizer.json: a sentence or a tokenizer, and then one that takes any bytes as text.
#include <cstdint>
#include <cstdlib>

#include "tokenizer/hf_json.h"

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
  return 0;
}

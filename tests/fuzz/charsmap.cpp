// Any bytes as SentencePiece's compiled rules: a sentence, or rules that change any text, the bytes themselves too, into UTF-8.
#include "tokenizer/charsmap.h"

#include <cstdint>
#include <cstdlib>

#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto rules = tokenizer::Charsmap::parse(bytes);
  if (!rules) {
    if (rules.error().message.empty()) std::abort();
    return 0;
  }
  const std::string text = base::sanitize_utf8(bytes.substr(size / 2)) + "① ﬁ e\u0301 A\u0308 A \u200b…";
  if (!base::is_valid_utf8(rules->apply(text))) std::abort();
  return 0;
}

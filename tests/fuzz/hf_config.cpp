// Any bytes as a config.json: a sentence, or numbers that keep their ranges.
#include <cstdint>

#include "fuzz/config_ranges.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = engine::parse_hf_config({reinterpret_cast<const char*>(data), size}, "config.json");
  if (config) fuzz::check_ranges(*config);
  else if (config.error().message.empty()) std::abort();
  return 0;
}

// Any bytes as an adapter_config.json: a sentence, or numbers that can be written and read again.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "engine/adapter/adapter_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = engine::parse_adapter_config({reinterpret_cast<const char*>(data), size}, "file");
  if (!config) {
    if (config.error().message.empty()) std::abort();
    return 0;
  }
  if (config->rank < 1) std::abort();
  if (!std::isfinite(config->alpha)) return 0;
  const auto again = engine::parse_adapter_config(engine::adapter_config_json(*config), "file");
  if (!again || again->rank != config->rank || again->by_root != config->by_root) std::abort();
  return 0;
}

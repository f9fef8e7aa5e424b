// Any bytes, in chunks of any size: FrameReader neither crashes nor stands still, and what it accepts it would write the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "lsp/transport/framing.h"

namespace {

// All bodies and errors, in order, as one list.
std::vector<std::string> read_in_chunks(std::string_view bytes, std::size_t chunk) {
  lsp::FrameReader reader({.header_bytes = 256, .body_bytes = 4096});
  std::vector<std::string> out;
  while (!bytes.empty()) {
    reader.feed(bytes.substr(0, chunk));
    bytes.remove_prefix(std::min(chunk, bytes.size()));
    while (auto next = reader.next()) out.push_back(*next ? "body " + **next : "error " + next->error().message);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read_in_chunks(bytes, size + 1);
  if (whole.size() > size) std::abort();                  // each answer uses up at least a byte
  if (read_in_chunks(bytes, 7) != whole) std::abort();  // how the bytes are cut changes nothing
  return 0;
}

// Any bytes as a safetensors file: a sentence, or tensors whose every byte may be read.
#include <cstdint>
#include <cstdlib>

#include "base/formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  const auto file = base::Safetensors::parse(base::MappedFile::of_bytes("fuzz.safetensors", {bytes, bytes + size}));
  if (!file) {
    if (file.error().message.empty()) std::abort();
    return 0;
  }
  volatile unsigned sum = 0;
  for (const base::SafetensorsTensor& tensor : file->tensors())
    for (const std::byte byte : tensor.bytes) sum = sum + unsigned(byte);
  return 0;
}

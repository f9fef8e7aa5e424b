// Any bytes as a GGUF file: a sentence, or tables whose every tensor may be read, and a configuration that keeps its ranges.
#include <cstdint>
#include <cstdlib>

#include "engine/config.h"
#include "engine/quant/grouped.h"
#include "engine/weights/gguf_blocks.h"
#include "fuzz/config_ranges.h"

namespace {

void read_tensor(const base::GgufTensor& tensor) {
  const auto block = base::ggml_block(tensor.type);
  if (!block || tensor.bytes.size() % block->bytes != 0) std::abort();
  std::vector<float> floats(tensor.bytes.size() / block->bytes * block->elements);
  (void)engine::dequantize(tensor.type, tensor.bytes, floats);
  if (tensor.shape.size() == 2) (void)engine::repack(tensor.type, tensor.bytes, std::int64_t(tensor.shape[0]), std::int64_t(tensor.shape[1]));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  const auto file = base::Gguf::parse(base::MappedFile::of_bytes("fuzz.gguf", {bytes, bytes + size}));
  if (!file) {
    if (file.error().message.empty()) std::abort();
    return 0;
  }
  for (const base::GgufTensor& tensor : file->tensors()) read_tensor(tensor);
  if (const auto config = engine::read_gguf_config(*file)) fuzz::check_ranges(*config);
  return 0;
}

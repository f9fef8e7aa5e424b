#include "base/formats/safetensors_writer.h"

#include "base/json.h"

namespace base {

Result<SafetensorsFile> SafetensorsFile::create(const std::filesystem::path& path, const std::vector<SafetensorsEntry>& tensors,
                                                const std::map<std::string, std::string>& metadata) {
  Json header = {{"__metadata__", metadata}};
  std::uint64_t at = 0;
  for (const SafetensorsEntry& tensor : tensors) {
    if (tensor.dtype != "F32" && tensor.dtype != "F16" && tensor.dtype != "BF16")
      return fail(ErrorCode::InvalidInput, "{}: tensor '{}' is {}: expected F32, F16 or BF16", path.string(), tensor.name, tensor.dtype);
    std::uint64_t size = tensor.dtype == "F32" ? 4 : 2;
    for (const std::uint64_t each : tensor.shape) size *= each;
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {at, at + size}}};
    at += size;
  }
  std::string text = dump_json(header);
  text.resize((8 + text.size() + 63) / 64 * 64 - 8, ' ');  // data begins at a multiple of 64
  const std::uint64_t length = text.size();
  if (auto room = check_room(path, length + at); !room) return forward(room);
  auto file = AtomicFile::create(path);
  if (!file) return forward(file);
  if (auto written = file->write(std::as_bytes(std::span(&length, 1))); !written) return forward(written);
  if (auto written = file->write(std::as_bytes(std::span(text))); !written) return forward(written);
  return SafetensorsFile(std::move(*file), at);
}

Result<void> SafetensorsFile::write(std::span<const std::byte> part) {
  if (part.size() > left_) return fail(ErrorCode::Failed, "{}: more bytes than the tensors hold", file_.path().string());
  left_ -= part.size();
  return file_.write(part);
}

Result<void> SafetensorsFile::finish() {
  if (left_ > 0) return fail(ErrorCode::Failed, "{}: the tensors are not whole, {} bytes are missing", file_.path().string(), left_);
  return file_.commit();
}

}  // namespace base

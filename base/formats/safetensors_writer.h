// safetensors_writer.h: writes one .safetensors file of any size: the header first, then the tensors' bytes as they come.
// SafetensorsFile::create(path, tensors) with names, dtypes and shapes; write() in their order; finish().
// A file appears only when finish() has seen every byte; one thread. Source: huggingface/safetensors, "Format".
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/result.h"

namespace base {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // F32, F16 or BF16
  std::vector<std::uint64_t> shape;
};

class SafetensorsFile {
 public:
  static Result<SafetensorsFile> create(const std::filesystem::path& path, const std::vector<SafetensorsEntry>& tensors,
                                        const std::map<std::string, std::string>& metadata = {{"format", "pt"}});
  Result<void> write(std::span<const std::byte> part);  // in pieces of any size
  Result<void> finish();

 private:
  SafetensorsFile(AtomicFile file, std::uint64_t bytes) : file_(std::move(file)), left_(bytes) {}
  AtomicFile file_;
  std::uint64_t left_;  // bytes still to come
};

}  // namespace base

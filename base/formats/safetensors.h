// safetensors.h: the tensor table of one .safetensors file, mapped, not read.
// open(), then tensors by name; bytes point into the mapping the object keeps alive.
// Header length, JSON, dtypes, shapes, offsets and overlaps are checked; errors name the file and the tensor. Any thread.
// Source: huggingface/safetensors, "Format".
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"

namespace base {

struct SafetensorsTensor {
  std::string name;
  std::string dtype;  // as the file spells it: F32, F16, BF16, I64, U8, ...
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;
};

class Safetensors {
 public:
  static Result<Safetensors> open(const std::filesystem::path& path);
  static Result<Safetensors> parse(std::shared_ptr<const MappedFile> file);
  const std::filesystem::path& path() const { return file_->path(); }
  const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }  // "__metadata__", of which only texts are kept
  std::shared_ptr<const MappedFile> shared_file() const { return file_; }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::vector<SafetensorsTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace base

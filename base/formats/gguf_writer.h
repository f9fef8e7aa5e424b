// gguf_writer.h: writes GGUF files (version 3) of any size: the tables first, then the tensors' bytes as they come.
// GgufHeader header; header.text(...), header.tensor(...); GgufFile::create(path, header); write() each tensor; finish().
// A header is a value. A file appears only when finish() has seen every byte; one thread. Source: ggml's docs/gguf.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/atomic_file.h"
#include "base/formats/gguf.h"

namespace base {

class GgufHeader {
 public:
  struct Tensor {
    std::string name;
    GgmlType type = GgmlType::F32;
    std::vector<std::uint64_t> shape;  // outermost first
    std::uint64_t size = 0;            // bytes, without what fills up to the alignment
  };

  void text(std::string_view key, std::string_view value);
  void u32(std::string_view key, std::uint32_t value);
  void u64(std::string_view key, std::uint64_t value);
  void i64(std::string_view key, std::int64_t value);
  void f32(std::string_view key, float value);
  void boolean(std::string_view key, bool value);
  void texts(std::string_view key, const std::vector<std::string>& values);
  void integers(std::string_view key, const std::vector<std::int32_t>& values);
  void floats(std::string_view key, const std::vector<float>& values);
  // A value with its type as it stands in a file: Gguf::stored().
  void stored(std::string_view key, std::span<const std::byte> type_and_value);
  // `shape` outermost first; its last size must be whole blocks of the type.
  void tensor(std::string_view name, GgmlType type, const std::vector<std::uint64_t>& shape);

  const std::vector<Tensor>& tensors() const { return tensors_; }
  std::uint64_t data_bytes() const { return data_bytes_; }
  // Everything before the tensors' data.
  std::vector<std::byte> bytes() const;

  static constexpr std::uint64_t kAlignment = 32;
  static std::uint64_t padded(std::uint64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

 private:
  void pair(std::string_view key, std::uint32_t type);
  std::vector<std::byte> pairs_, entries_;
  std::uint64_t pair_count_ = 0, data_bytes_ = 0;
  std::vector<Tensor> tensors_;
};

class GgufFile {
 public:
  static Result<GgufFile> create(const std::filesystem::path& path, const GgufHeader& header);
  // Bytes of the tensor whose turn it is, in pieces of any size that do not reach into the next.
  Result<void> write(std::span<const std::byte> part);
  Result<void> finish();

 private:
  GgufFile(AtomicFile file, const GgufHeader& header) : file_(std::move(file)), tensors_(header.tensors()) {}
  AtomicFile file_;
  std::vector<GgufHeader::Tensor> tensors_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;  // of the current tensor
};

}  // namespace base

// gguf.h: the metadata and the tensor table of a GGUF file (versions 2 and 3, little endian), mapped, not read.
// open(), then metadata by key and tensors by name; a tensor's bytes point into the mapping the Gguf keeps alive.
// Every length and offset is checked against the file; errors name the file and the key or tensor. Immutable; any thread.
// Source: ggml's docs/gguf.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"

namespace base {

// ggml's tensor types, numbered as in the file.
enum class GgmlType : std::uint32_t {
  F32 = 0, F16 = 1, Q4_0 = 2, Q4_1 = 3, Q5_0 = 6, Q5_1 = 7, Q8_0 = 8, Q8_1 = 9,
  Q2_K = 10, Q3_K = 11, Q4_K = 12, Q5_K = 13, Q6_K = 14, Q8_K = 15,
  I8 = 24, I16 = 25, I32 = 26, I64 = 27, F64 = 28, BF16 = 30,
};

struct GgmlBlock {
  std::string_view name;      // "Q4_K"
  std::uint32_t elements = 0;  // weights a block holds
  std::uint32_t bytes = 0;     // bytes a block takes
};
// nullopt for a type this build does not read.
std::optional<GgmlBlock> ggml_block(GgmlType type);

struct GgufTensor {
  std::string name;
  GgmlType type = GgmlType::F32;
  std::vector<std::uint64_t> shape;  // outermost first (row-major, as torch says it; the file stores the reverse)
  std::span<const std::byte> bytes;
};

// Integers of every width are int64_t or uint64_t (> INT64_MAX), floats are double.
using GgufScalar = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;
struct GgufArray {
  std::vector<std::string> strings;    // exactly one of these is filled
  std::vector<std::int64_t> integers;  // bool and every integer width
  std::vector<double> floats;
  std::size_t size() const { return strings.size() + integers.size() + floats.size(); }
};
using GgufValue = std::variant<GgufScalar, GgufArray>;

class Gguf {
 public:
  static Result<Gguf> open(const std::filesystem::path& path);
  static Result<Gguf> parse(std::shared_ptr<const MappedFile> file);

  const std::filesystem::path& path() const { return file_->path(); }
  const std::map<std::string, GgufValue, std::less<>>& metadata() const { return metadata_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const MappedFile& file() const { return *file_; }
  std::shared_ptr<const MappedFile> shared_file() const { return file_; }

  bool has(std::string_view key) const { return metadata_.find(key) != metadata_.end(); }
  // The key's value as it stands in the file, its type first: what a writer copies. Empty where the key is absent.
  std::span<const std::byte> stored(std::string_view key) const;
  // The key's value, checked; the error names the file, the key and what was expected.
  Result<std::string> string(std::string_view key) const;
  Result<std::int64_t> integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;  // an integer will do
  Result<bool> boolean(std::string_view key) const;
  Result<const GgufArray*> array(std::string_view key) const;
  // As above, but an absent key is the fallback; a key of another type is still an error.
  Result<std::string> string_or(std::string_view key, std::string fallback) const;
  Result<std::int64_t> integer_or(std::string_view key, std::int64_t fallback) const;
  Result<double> number_or(std::string_view key, double fallback) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;

 private:
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, GgufValue, std::less<>> metadata_;
  std::map<std::string, std::span<const std::byte>, std::less<>> stored_;
  std::vector<GgufTensor> tensors_;
};

}  // namespace base

// gguf_reader.h: checked reading of the keys that stand under an architecture's name; every error names the file and the key.
// Each reader fills a number or returns a sentence; the maybe_ ones leave it where the key is absent.
// Borrows the file; pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/config/fields.h"

namespace engine {

class GgufReader {
 public:
  GgufReader(const base::Gguf& file, std::string architecture);

  const base::Gguf& file() const { return file_; }
  const std::string& path() const { return path_; }
  std::string key(std::string_view field) const { return prefix_ + "." + std::string(field); }
  bool has(std::string_view field) const { return file_.has(key(field)); }
  const base::GgufTensor* tensor(std::string_view name) const;  // nullptr where the file lacks it
  bool has_tensor(std::string_view name) const { return tensor(name) != nullptr; }

  base::Result<void> integer(std::string_view field, Range range, std::int64_t& into) const;
  base::Result<void> maybe_integer(std::string_view field, Range range, std::int64_t& into) const;
  base::Result<void> maybe_positive(std::string_view field, double most, double& into) const;
  base::Result<void> maybe_boolean(std::string_view field, bool& into) const;

 private:
  const base::Gguf& file_;
  std::string path_, prefix_;
};

}  // namespace engine

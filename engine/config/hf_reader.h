// hf_reader.h: checked reading of one JSON object of one file; every error names the file and the field.
// Each reader fills a number or returns a sentence; the maybe_ ones leave it where the field is absent or null.
// Borrows the object; pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"
#include "engine/config/fields.h"

namespace engine {

class HfReader {
 public:
  HfReader(const base::Json& object, std::string path, std::string prefix = {})
      : object_(object), path_(std::move(path)), prefix_(std::move(prefix)) {}

  const std::string& path() const { return path_; }
  const base::Json& object() const { return object_; }
  bool has(std::string_view field) const { return base::find_field(object_, field) != nullptr; }
  std::string name(std::string_view field) const { return prefix_ + std::string(field); }

  // Which of a field's spellings this object uses; the first where none.
  std::string_view spelling(std::initializer_list<std::string_view> names) const;

  base::Result<void> integer(std::string_view field, Range range, std::int64_t& into) const;
  base::Result<void> maybe_integer(std::string_view field, Range range, std::int64_t& into) const;
  base::Result<void> positive_number(std::string_view field, double most, double& into) const;
  base::Result<void> maybe_positive(std::string_view field, double most, double& into) const;
  base::Result<void> maybe_boolean(std::string_view field, bool& into) const;
  base::Result<std::string> text_or(std::string_view field, std::string fallback) const;

 private:
  std::string where() const { return prefix_.empty() ? path_ : path_ + ": " + prefix_.substr(0, prefix_.size() - 1); }

  const base::Json& object_;
  std::string path_, prefix_;
};

}  // namespace engine

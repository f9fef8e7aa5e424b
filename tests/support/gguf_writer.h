// gguf_writer.h: writes small GGUF files for tests, good ones and, through raw(), bad ones.
// GgufWriter w; w.text("general.architecture", "llama"); w.tensor("x", type, {columns, rows}, bytes); auto bytes = w.finish();
// The shape is in the file's own order (innermost first). A value.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/formats/gguf.h"

namespace tests {

using Bytes = std::vector<std::byte>;

template <class T>
void put(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}
inline void put_text(Bytes& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

class GgufWriter {
 public:
  void text(std::string_view key, std::string_view value) { pair(key, 8); put_text(pairs_, value); }
  void u32(std::string_view key, std::uint32_t value) { pair(key, 4); put(pairs_, value); }
  void u64(std::string_view key, std::uint64_t value) { pair(key, 10); put(pairs_, value); }
  void i64(std::string_view key, std::int64_t value) { pair(key, 11); put(pairs_, value); }
  void f32(std::string_view key, float value) { pair(key, 6); put(pairs_, value); }
  void boolean(std::string_view key, bool value) { pair(key, 7); put<std::uint8_t>(pairs_, value); }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    pair(key, 9);
    put<std::uint32_t>(pairs_, 8);
    put<std::uint64_t>(pairs_, values.size());
    for (const std::string& value : values) put_text(pairs_, value);
  }
  void integers(std::string_view key, const std::vector<std::int32_t>& values) {
    pair(key, 9);
    put<std::uint32_t>(pairs_, 5);
    put<std::uint64_t>(pairs_, values.size());
    for (const std::int32_t value : values) put(pairs_, value);
  }
  // A key with a value type and bytes of one's own.
  void raw(std::string_view key, std::uint32_t type, const Bytes& value) {
    pair(key, type);
    pairs_.insert(pairs_.end(), value.begin(), value.end());
  }

  void tensor(std::string_view name, base::GgmlType type, const std::vector<std::uint64_t>& shape, const Bytes& bytes) {
    entry(name, static_cast<std::uint32_t>(type), shape, data_.size());
    data_.insert(data_.end(), bytes.begin(), bytes.end());
    data_.resize((data_.size() + 31) / 32 * 32);
  }
  // The tensor's entry alone, for files that lie.
  void entry(std::string_view name, std::uint32_t type, const std::vector<std::uint64_t>& shape, std::uint64_t offset) {
    put_text(entries_, name);
    put<std::uint32_t>(entries_, static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t size : shape) put(entries_, size);
    put(entries_, type);
    put(entries_, offset);
    ++tensor_count;
  }

  Bytes finish() const {
    Bytes out;
    put<std::uint32_t>(out, magic);
    put<std::uint32_t>(out, version);
    put<std::uint64_t>(out, tensor_count);
    put<std::uint64_t>(out, pair_count);
    out.insert(out.end(), pairs_.begin(), pairs_.end());
    out.insert(out.end(), entries_.begin(), entries_.end());
    out.resize((out.size() + 31) / 32 * 32);
    out.insert(out.end(), data_.begin(), data_.end());
    return out;
  }

  std::uint32_t magic = 0x46554747, version = 3;
  std::uint64_t tensor_count = 0, pair_count = 0;

 private:
  void pair(std::string_view key, std::uint32_t type) {
    put_text(pairs_, key);
    put(pairs_, type);
    ++pair_count;
  }
  Bytes pairs_, entries_, data_;
};

inline base::Result<base::Gguf> parse_gguf(const Bytes& bytes, std::string_view name = "test.gguf") {
  return base::Gguf::parse(base::MappedFile::of_bytes(name, bytes));
}

}  // namespace tests

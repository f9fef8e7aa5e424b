#include "base/formats/gguf_writer.h"

#include <cstring>

namespace base {
namespace {

template <class T>
void put(std::vector<std::byte>& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

void put_text(std::vector<std::byte>& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), bytes, bytes + text.size());
}

template <class T>
void put_all(std::vector<std::byte>& out, std::uint32_t type, const std::vector<T>& values) {
  put(out, type);
  put<std::uint64_t>(out, values.size());
  for (const T& value : values) put(out, value);
}

}  // namespace

void GgufHeader::pair(std::string_view key, std::uint32_t type) {
  put_text(pairs_, key);
  put(pairs_, type);
  ++pair_count_;
}

void GgufHeader::text(std::string_view key, std::string_view value) { pair(key, 8), put_text(pairs_, value); }
void GgufHeader::u32(std::string_view key, std::uint32_t value) { pair(key, 4), put(pairs_, value); }
void GgufHeader::u64(std::string_view key, std::uint64_t value) { pair(key, 10), put(pairs_, value); }
void GgufHeader::i64(std::string_view key, std::int64_t value) { pair(key, 11), put(pairs_, value); }
void GgufHeader::f32(std::string_view key, float value) { pair(key, 6), put(pairs_, value); }
void GgufHeader::boolean(std::string_view key, bool value) { pair(key, 7), put<std::uint8_t>(pairs_, value ? 1 : 0); }
void GgufHeader::integers(std::string_view key, const std::vector<std::int32_t>& values) { pair(key, 9), put_all(pairs_, 5, values); }
void GgufHeader::floats(std::string_view key, const std::vector<float>& values) { pair(key, 9), put_all(pairs_, 6, values); }

void GgufHeader::texts(std::string_view key, const std::vector<std::string>& values) {
  pair(key, 9);
  put<std::uint32_t>(pairs_, 8);
  put<std::uint64_t>(pairs_, values.size());
  for (const std::string& value : values) put_text(pairs_, value);
}

void GgufHeader::stored(std::string_view key, std::span<const std::byte> type_and_value) {
  put_text(pairs_, key);
  pairs_.insert(pairs_.end(), type_and_value.begin(), type_and_value.end());
  ++pair_count_;
}

void GgufHeader::tensor(std::string_view name, GgmlType type, const std::vector<std::uint64_t>& shape) {
  const GgmlBlock block = ggml_block(type).value_or(GgmlBlock{"", 1, 0});
  std::uint64_t elements = 1;
  for (const std::uint64_t size : shape) elements *= size;
  tensors_.push_back({std::string(name), type, shape, elements / block.elements * block.bytes});
  put_text(entries_, name);
  put(entries_, static_cast<std::uint32_t>(shape.size()));
  for (auto size = shape.rbegin(); size != shape.rend(); ++size) put(entries_, *size);
  put(entries_, static_cast<std::uint32_t>(type));
  put(entries_, data_bytes_);
  data_bytes_ += padded(tensors_.back().size);
}

std::vector<std::byte> GgufHeader::bytes() const {
  std::vector<std::byte> out;
  put<std::uint32_t>(out, 0x46554747);  // "GGUF"
  put<std::uint32_t>(out, 3);
  put<std::uint64_t>(out, tensors_.size());
  put(out, pair_count_);
  out.insert(out.end(), pairs_.begin(), pairs_.end());
  out.insert(out.end(), entries_.begin(), entries_.end());
  out.resize(padded(out.size()));
  return out;
}

Result<GgufFile> GgufFile::create(const std::filesystem::path& path, const GgufHeader& header) {
  const std::vector<std::byte> tables = header.bytes();
  if (auto room = check_room(path, tables.size() + header.data_bytes()); !room) return forward(room);
  auto file = AtomicFile::create(path);
  if (!file) return forward(file);
  if (auto written = file->write(tables); !written) return forward(written);
  return GgufFile(std::move(*file), header);
}

Result<void> GgufFile::write(std::span<const std::byte> part) {
  const std::string path = file_.path().string();
  if (current_ == tensors_.size()) return fail(ErrorCode::Failed, "{}: {} bytes come after the last tensor", path, part.size());
  const GgufHeader::Tensor& tensor = tensors_[current_];
  written_ += part.size();
  if (written_ > tensor.size) return fail(ErrorCode::Failed, "{}: tensor '{}' has {} bytes, {} were written", path, tensor.name, tensor.size, written_);
  if (auto done = file_.write(part); !done || written_ < tensor.size) return done;
  const std::vector<std::byte> fill(GgufHeader::padded(tensor.size) - tensor.size);
  ++current_, written_ = 0;
  return file_.write(fill);
}

Result<void> GgufFile::finish() {
  if (current_ < tensors_.size())
    return fail(ErrorCode::Failed, "{}: tensor '{}' is not whole: {} of {} bytes", file_.path().string(), tensors_[current_].name, written_, tensors_[current_].size);
  return file_.commit();
}

}  // namespace base

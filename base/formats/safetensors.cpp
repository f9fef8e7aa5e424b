#include "base/formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/json.h"
#include "base/utf8.h"

namespace base {
namespace {

constexpr std::uint64_t kLongestHeader = 100'000'000;  // the reference implementation's limit

std::optional<std::uint64_t> dtype_bytes(std::string_view dtype) {
  struct Row {
    std::string_view name;
    std::uint64_t bytes;
  };
  static constexpr Row kRows[] = {{"BOOL", 1}, {"U8", 1}, {"I8", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1},
                                  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"BF16", 2}, {"U32", 4}, {"I32", 4}, {"F32", 4},
                                  {"U64", 8}, {"I64", 8}, {"F64", 8}, {"C64", 8}};
  for (const Row& row : kRows)
    if (row.name == dtype) return row.bytes;
  return std::nullopt;
}

// A number of the header that counts or places something.
std::optional<std::uint64_t> natural(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

Result<std::uint64_t> read_shape(const Json& entry, SafetensorsTensor& tensor) {
  const auto each = dtype_bytes(tensor.dtype);
  if (!each) return fail(ErrorCode::Unsupported, "dtype '{}' is not known", sanitize_utf8(tensor.dtype));
  const Json* shape = find_field(entry, "shape");
  if (!shape || !shape->is_array()) return fail(ErrorCode::InvalidInput, "'shape' is missing: expected an array of sizes");
  std::uint64_t size = *each;
  for (const Json& dimension : *shape) {
    const auto value = natural(dimension);
    if (!value) return fail(ErrorCode::InvalidInput, "'shape' holds {}: expected sizes of 0 or more", dump_json(dimension));
    if (__builtin_mul_overflow(size, *value, &size))
      return fail(ErrorCode::InvalidInput, "'shape' claims more elements than any memory holds");
    tensor.shape.push_back(*value);
  }
  return size;
}

struct Extent {
  std::uint64_t begin = 0, end = 0;
};

Result<Extent> read_entry(const Json& entry, SafetensorsTensor& tensor) {
  auto dtype = get<std::string>(entry, "dtype");
  if (!dtype) return forward(dtype);
  tensor.dtype = *dtype;
  const auto size = read_shape(entry, tensor);
  if (!size) return forward(size);
  const Json* offsets = find_field(entry, "data_offsets");
  if (!offsets || !offsets->is_array() || offsets->size() != 2)
    return fail(ErrorCode::InvalidInput, "'data_offsets' is missing: expected two offsets");
  const auto begin = natural((*offsets)[0]), end = natural((*offsets)[1]);
  if (!begin || !end || *begin > *end)
    return fail(ErrorCode::InvalidInput, "'data_offsets' is {}: expected a beginning and an end not before it", dump_json(*offsets));
  if (*end - *begin != *size)
    return fail(ErrorCode::InvalidInput, "its data has {} bytes: expected {} for its shape and dtype {}", *end - *begin, *size, tensor.dtype);
  return Extent{*begin, *end};
}

struct Placed {
  SafetensorsTensor tensor;
  Extent extent;
};

Result<std::vector<Placed>> read_header(std::string_view text, const std::string& file, std::map<std::string, std::string>& metadata) {
  const auto header = parse_json_unique(text, file);
  if (!header) return forward(header);
  if (!header->is_object()) return fail(ErrorCode::InvalidInput, "{}: the header is {}: expected an object", file, json_type_name(*header));
  std::vector<Placed> placed;
  for (const auto& [name, entry] : header->items()) {
    if (name == "__metadata__") {
      if (entry.is_object())
        for (const auto& [key, value] : entry.items())
          if (value.is_string()) metadata[key] = value.get<std::string>();
      continue;
    }
    Placed one;
    one.tensor.name = name;
    auto extent = read_entry(entry, one.tensor);
    if (!extent) return forward(extent, fmt::format("{}: tensor '{}'", file, sanitize_utf8(name)));
    one.extent = *extent;
    placed.push_back(std::move(one));
  }
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::pair(a.extent.begin, a.extent.end) < std::pair(b.extent.begin, b.extent.end);
  });
  return placed;
}

}  // namespace

Result<Safetensors> Safetensors::open(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  if (!file) return forward(file);
  return parse(std::move(*file));
}

Result<Safetensors> Safetensors::parse(std::shared_ptr<const MappedFile> file) {
  Safetensors result;
  result.file_ = std::move(file);
  const std::string name = result.path().string();
  const auto bytes = result.file_->bytes();
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length)
    return fail(ErrorCode::InvalidInput, "{}: the file is cut short: it has {} bytes, a safetensors file at least {}", name, bytes.size(), sizeof length);
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kLongestHeader)
    return fail(ErrorCode::InvalidInput, "{}: not a safetensors file: it claims a header of {} bytes, the longest is {}", name, length, kLongestHeader);
  const std::uint64_t left = bytes.size() - sizeof length;
  if (length > left)
    return fail(ErrorCode::InvalidInput, "{}: the file is cut short: {} more bytes are needed for the header", name, length - left);
  auto placed = read_header({reinterpret_cast<const char*>(bytes.data()) + sizeof length, length}, name, result.metadata_);
  if (!placed) return forward(placed);

  const auto data = bytes.subspan(sizeof length + length);
  const auto last = std::max_element(placed->begin(), placed->end(), [](const Placed& a, const Placed& b) { return a.extent.end < b.extent.end; });
  if (last != placed->end() && last->extent.end > data.size())
    return fail(ErrorCode::InvalidInput, "{}: the file is cut short: it has {} bytes and {} more are needed for tensor '{}'", name,
                bytes.size(), last->extent.end - data.size(), sanitize_utf8(last->tensor.name));
  for (std::size_t i = 0; i < placed->size(); ++i) {
    Placed& one = (*placed)[i];
    if (i > 0 && (*placed)[i - 1].extent.end > one.extent.begin)
      return fail(ErrorCode::InvalidInput, "{}: tensors '{}' and '{}' overlap", name, sanitize_utf8(result.tensors_.back().name), sanitize_utf8(one.tensor.name));
    one.tensor.bytes = data.subspan(one.extent.begin, one.extent.end - one.extent.begin);
    result.tensors_.push_back(std::move(one.tensor));
  }
  return result;
}

}  // namespace base

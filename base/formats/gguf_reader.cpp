// Gguf::open: bytes to tables. Nothing in the file is believed: a count is compared with the bytes that are left before
// anything is reserved for it, every product and sum is checked for overflow, every tensor must lie inside the file.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/formats/gguf.h"
#include "base/utf8.h"

namespace base {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is read in place: a big-endian machine would need swapping");

constexpr std::uint64_t kMostDimensions = 4;       // GGML_MAX_DIMS
constexpr std::uint64_t kLongestKey = 65535;       // docs/gguf.md
constexpr std::uint64_t kMostAlignment = 1 << 20;  // far above any real one; keeps the arithmetic below plain
constexpr std::uint64_t kSmallestPair = 8 + 1 + 4 + 1;         // length, a letter, type, a byte
constexpr std::uint64_t kSmallestTensor = 8 + 4 + 4 + 8;       // length, dimensions, type, offset

// A metadata value's type, numbered as in the file.
enum class ValueType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

// Names of types that other programs write and this one does not read, for the message.
std::string_view foreign_type_name(std::uint32_t type) {
  switch (type) {
    case 16: return "IQ2_XXS";
    case 17: return "IQ2_XS";
    case 18: return "IQ3_XXS";
    case 19: return "IQ1_S";
    case 20: return "IQ4_NL";
    case 21: return "IQ3_S";
    case 22: return "IQ2_S";
    case 23: return "IQ4_XS";
    case 29: return "IQ1_M";
    case 34: return "TQ1_0";
    case 35: return "TQ2_0";
    case 39: return "MXFP4";
    default: return "unknown";
  }
}

// A cursor over the header. The first failure sticks: later reads give zeros, and the caller looks once at a boundary.
class Cursor {
 public:
  explicit Cursor(const MappedFile& file) : name_(file.path().string()), bytes_(file.bytes()) {}

  bool ok() const { return !error_; }
  std::unexpected<Error> error() const { return std::unexpected(*error_); }
  std::uint64_t offset() const { return at_; }
  std::uint64_t left() const { return bytes_.size() - at_; }
  const std::string& name() const { return name_; }

  template <class... Args>
  void refuse(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
    if (!error_) error_ = Error{code, name_ + ": " + fmt::format(text, std::forward<Args>(args)...)};
  }

  // What is being read, for the message of a file that is cut short.
  void doing(std::string what) { doing_ = std::move(what); }

  template <class T>
  T take() {
    T value{};
    if (!enough(sizeof(T))) return value;
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::string_view text() {
    const auto length = take<std::uint64_t>();
    if (!enough(length)) return {};
    const std::string_view view(reinterpret_cast<const char*>(bytes_.data() + at_), length);
    at_ += length;
    return view;
  }

  // False, with the error set, unless `count` things of at least `each` bytes can still be in the file.
  bool room_for(std::uint64_t count, std::uint64_t each, std::string_view things) {
    if (error_) return false;
    if (count <= left() / each) return true;
    refuse(ErrorCode::InvalidInput, "{} claims {} {}, but only {} bytes of the file are left", doing_, count, things, left());
    return false;
  }

 private:
  bool enough(std::uint64_t wanted) {
    if (error_) return false;
    if (wanted <= left()) return true;
    refuse(ErrorCode::InvalidInput, "the file is cut short: {} more bytes are needed for {}", wanted - left(), doing_);
    return false;
  }

  std::string name_;
  std::span<const std::byte> bytes_;
  std::uint64_t at_ = 0;
  std::string doing_ = "the header";
  std::optional<Error> error_;
};

std::uint64_t smallest_size(ValueType type) {
  switch (type) {
    case ValueType::U8: case ValueType::I8: case ValueType::Bool: return 1;
    case ValueType::U16: case ValueType::I16: return 2;
    case ValueType::U32: case ValueType::I32: case ValueType::F32: return 4;
    case ValueType::U64: case ValueType::I64: case ValueType::F64: case ValueType::String: return 8;
    case ValueType::Array: return 12;
  }
  return 0;  // not a type
}

GgufScalar take_scalar(Cursor& in, ValueType type) {
  switch (type) {
    case ValueType::U8: return std::int64_t{in.take<std::uint8_t>()};
    case ValueType::I8: return std::int64_t{in.take<std::int8_t>()};
    case ValueType::U16: return std::int64_t{in.take<std::uint16_t>()};
    case ValueType::I16: return std::int64_t{in.take<std::int16_t>()};
    case ValueType::U32: return std::int64_t{in.take<std::uint32_t>()};
    case ValueType::I32: return std::int64_t{in.take<std::int32_t>()};
    case ValueType::I64: return in.take<std::int64_t>();
    case ValueType::F32: return double{in.take<float>()};
    case ValueType::F64: return in.take<double>();
    case ValueType::Bool: return in.take<std::uint8_t>() != 0;
    case ValueType::String: return std::string(in.text());
    case ValueType::U64: {
      const auto value = in.take<std::uint64_t>();
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return value;
      return static_cast<std::int64_t>(value);
    }
    case ValueType::Array: break;
  }
  return false;
}

GgufArray take_array(Cursor& in, const std::string& key) {
  const auto type = static_cast<ValueType>(in.take<std::uint32_t>());
  const auto count = in.take<std::uint64_t>();
  if (type == ValueType::Array) in.refuse(ErrorCode::Unsupported, "key '{}' is an array of arrays, which no model needs", key);
  if (smallest_size(type) == 0)
    in.refuse(ErrorCode::InvalidInput, "key '{}' is an array of value type {}: expected 0 to 12", key, static_cast<std::uint32_t>(type));
  GgufArray array;
  if (!in.ok() || !in.room_for(count, smallest_size(type), "values")) return array;
  if (type == ValueType::String) array.strings.reserve(count);
  else if (type == ValueType::F32 || type == ValueType::F64) array.floats.reserve(count);
  else array.integers.reserve(count);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    GgufScalar value = take_scalar(in, type);
    if (auto* text = std::get_if<std::string>(&value)) array.strings.push_back(std::move(*text));
    else if (const auto* number = std::get_if<double>(&value)) array.floats.push_back(*number);
    else if (const auto* integer = std::get_if<std::int64_t>(&value)) array.integers.push_back(*integer);
    else if (const auto* flag = std::get_if<bool>(&value)) array.integers.push_back(*flag ? 1 : 0);
    else in.refuse(ErrorCode::InvalidInput, "key '{}' holds {}: expected integers below 2^63", key, std::get<std::uint64_t>(value));
  }
  return array;
}

using Metadata = std::map<std::string, GgufValue, std::less<>>;
using Stored = std::map<std::string, std::span<const std::byte>, std::less<>>;

void take_pair(Cursor& in, std::span<const std::byte> file, Metadata& metadata, Stored& stored) {
  const std::string_view raw = in.text();
  if (in.ok() && (raw.empty() || raw.size() > kLongestKey))
    in.refuse(ErrorCode::InvalidInput, "a metadata key is {} bytes long: expected 1 to {}", raw.size(), kLongestKey);
  if (!in.ok()) return;
  const std::string key(raw), shown = sanitize_utf8(raw.substr(0, 100));
  in.doing(fmt::format("key '{}'", shown));
  const std::uint64_t start = in.offset();
  const auto type = static_cast<ValueType>(in.take<std::uint32_t>());
  if (in.ok() && smallest_size(type) == 0)
    in.refuse(ErrorCode::InvalidInput, "key '{}' has value type {}: expected 0 to 12", shown, static_cast<std::uint32_t>(type));
  if (!in.ok()) return;
  GgufValue value = type == ValueType::Array ? GgufValue(take_array(in, shown)) : GgufValue(take_scalar(in, type));
  if (in.ok() && !metadata.emplace(key, std::move(value)).second)
    in.refuse(ErrorCode::InvalidInput, "key '{}' stands twice in the metadata", shown);
  if (in.ok()) stored.emplace(key, file.subspan(start, in.offset() - start));
}

// Bytes the tensor takes; the shape becomes row-major.
std::uint64_t measure(Cursor& in, GgufTensor& tensor, std::uint32_t type) {
  tensor.type = static_cast<GgmlType>(type);
  const auto block = ggml_block(tensor.type);
  if (!block) {
    in.refuse(ErrorCode::Unsupported, "tensor '{}' is stored as ggml type {} ({}), which is not read: expected F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 or Q2_K to Q6_K",
              tensor.name, type, foreign_type_name(type));
    return 0;
  }
  std::uint64_t elements = 1;
  for (const std::uint64_t size : tensor.shape) {
    if (size == 0) in.refuse(ErrorCode::InvalidInput, "tensor '{}' has a dimension of 0", tensor.name);
    if (__builtin_mul_overflow(elements, size, &elements) || elements > (std::uint64_t{1} << 48)) {
      in.refuse(ErrorCode::InvalidInput, "tensor '{}' claims more elements than any memory holds", tensor.name);
      return 0;
    }
  }
  const std::uint64_t row = tensor.shape.empty() ? 1 : tensor.shape.front();
  if (row % block->elements != 0)
    in.refuse(ErrorCode::InvalidInput, "tensor '{}' has rows of {} elements: {} needs a multiple of {}", tensor.name, row, block->name, block->elements);
  std::reverse(tensor.shape.begin(), tensor.shape.end());
  return elements / block->elements * block->bytes;
}

struct Extent {
  std::uint64_t offset = 0, size = 0;
};

Extent take_tensor(Cursor& in, GgufTensor& tensor) {
  const std::string_view raw = in.text();
  if (in.ok() && (raw.empty() || raw.size() > kLongestKey))
    in.refuse(ErrorCode::InvalidInput, "a tensor's name is {} bytes long: expected 1 to {}", raw.size(), kLongestKey);
  if (!in.ok()) return {};
  tensor.name = sanitize_utf8(raw);
  in.doing(fmt::format("the entry of tensor '{}'", tensor.name));
  const auto dimensions = in.take<std::uint32_t>();
  if (dimensions > kMostDimensions)
    in.refuse(ErrorCode::InvalidInput, "tensor '{}' has {} dimensions: expected at most {}", tensor.name, dimensions, kMostDimensions);
  for (std::uint32_t i = 0; i < dimensions && in.ok(); ++i) tensor.shape.push_back(in.take<std::uint64_t>());
  const auto type = in.take<std::uint32_t>();
  const auto offset = in.take<std::uint64_t>();
  if (!in.ok()) return {};
  return {offset, measure(in, tensor, type)};
}

std::uint64_t take_alignment(Cursor& in, const std::map<std::string, GgufValue, std::less<>>& metadata) {
  const auto found = metadata.find("general.alignment");
  if (found == metadata.end()) return 32;
  const auto* scalar = std::get_if<GgufScalar>(&found->second);
  const auto* value = scalar ? std::get_if<std::int64_t>(scalar) : nullptr;
  if (value && *value > 0 && *value <= std::int64_t{kMostAlignment} && std::has_single_bit(static_cast<std::uint64_t>(*value)))
    return static_cast<std::uint64_t>(*value);
  in.refuse(ErrorCode::InvalidInput, "key 'general.alignment': expected a power of two up to {}", kMostAlignment);
  return 32;
}

// The tensors' bytes: inside the file, aligned, disjoint.
void place(Cursor& in, std::span<const std::byte> file, std::uint64_t alignment, std::vector<GgufTensor>& tensors, const std::vector<Extent>& extents) {
  const std::uint64_t start = (in.offset() + alignment - 1) / alignment * alignment;
  std::uint64_t last_end = 0;
  std::string_view last;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::uint64_t end = 0;
    if (extents[i].offset % alignment != 0)
      return in.refuse(ErrorCode::InvalidInput, "tensor '{}' starts at offset {}: expected a multiple of the alignment, {}", tensors[i].name, extents[i].offset, alignment);
    if (__builtin_add_overflow(extents[i].offset, extents[i].size, &end) || __builtin_add_overflow(end, start, &end))
      return in.refuse(ErrorCode::InvalidInput, "tensor '{}' starts at offset {}, beyond any file", tensors[i].name, extents[i].offset);
    if (end > last_end) {
      last_end = end;
      last = tensors[i].name;
    }
  }
  if (last_end > file.size())
    return in.refuse(ErrorCode::InvalidInput, "the file is cut short: it has {} bytes and {} more are needed for tensor '{}'", file.size(), last_end - file.size(), last);
  std::vector<std::size_t> order(tensors.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return extents[a].offset < extents[b].offset; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Extent& here = extents[order[i]];
    if (i > 0 && extents[order[i - 1]].offset + extents[order[i - 1]].size > here.offset)
      return in.refuse(ErrorCode::InvalidInput, "tensors '{}' and '{}' overlap", tensors[order[i - 1]].name, tensors[order[i]].name);
    tensors[order[i]].bytes = file.subspan(start + here.offset, here.size);
  }
}

void check_version(Cursor& in) {
  const auto version = in.take<std::uint32_t>();
  if (!in.ok() || version == 2 || version == 3) return;
  if (version == 0x02000000 || version == 0x03000000)
    in.refuse(ErrorCode::Unsupported, "the file is big-endian GGUF: expected a little-endian one");
  in.refuse(ErrorCode::Unsupported, "the file is GGUF version {}: expected 2 or 3", version);
}

}  // namespace

Result<Gguf> Gguf::open(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  if (!file) return forward(file);
  return parse(std::move(*file));
}

Result<Gguf> Gguf::parse(std::shared_ptr<const MappedFile> file) {
  Gguf gguf;
  gguf.file_ = std::move(file);
  Cursor in(*gguf.file_);
  if (in.take<std::uint32_t>() != 0x46554747 && in.ok())  // "GGUF"
    in.refuse(ErrorCode::InvalidInput, "not a GGUF file: expected it to start with 'GGUF'");
  check_version(in);
  const auto tensor_count = in.take<std::uint64_t>();
  const auto pair_count = in.take<std::uint64_t>();
  if (!in.room_for(pair_count, kSmallestPair, "metadata keys") || !in.room_for(tensor_count, kSmallestTensor, "tensors")) return in.error();
  for (std::uint64_t i = 0; i < pair_count && in.ok(); ++i) {
    in.doing(fmt::format("metadata key {} of {}", i + 1, pair_count));
    take_pair(in, gguf.file_->bytes(), gguf.metadata_, gguf.stored_);
  }
  if (!in.ok()) return in.error();
  gguf.tensors_.resize(tensor_count);
  std::vector<Extent> extents(tensor_count);
  std::map<std::string_view, std::size_t> names;
  for (std::uint64_t i = 0; i < tensor_count && in.ok(); ++i) {
    in.doing(fmt::format("the entry of tensor {} of {}", i + 1, tensor_count));
    extents[i] = take_tensor(in, gguf.tensors_[i]);
    if (in.ok() && !names.emplace(gguf.tensors_[i].name, i).second)
      in.refuse(ErrorCode::InvalidInput, "tensor '{}' stands twice in the file", gguf.tensors_[i].name);
  }
  const std::uint64_t alignment = take_alignment(in, gguf.metadata_);
  if (in.ok()) place(in, gguf.file_->bytes(), alignment, gguf.tensors_, extents);
  if (!in.ok()) return in.error();
  return gguf;
}

}  // namespace base

#include "base/formats/safetensors.h"

#include <cstring>

#include "support/catch.h"

namespace {

std::vector<std::byte> file_of(std::string_view header, std::size_t data) {
  std::vector<std::byte> out(8 + header.size() + data);
  const std::uint64_t length = header.size();
  std::memcpy(out.data(), &length, 8);
  std::memcpy(out.data() + 8, header.data(), header.size());
  return out;
}

base::Result<base::Safetensors> parse(std::vector<std::byte> bytes) {
  return base::Safetensors::parse(base::MappedFile::of_bytes("test.safetensors", std::move(bytes)));
}

void check_refused(std::vector<std::byte> bytes, std::string_view expected) {
  const auto file = parse(std::move(bytes));
  INFO("expected: " << expected);
  REQUIRE_FALSE(file.has_value());
  INFO("message: " << file.error().message);
  CHECK(file.error().message.find(expected) != std::string::npos);
  CHECK(file.error().message.starts_with("test.safetensors: "));
}

constexpr std::string_view kGood =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,2],"data_offsets":[12,20]},"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"s":{"dtype":"I64","shape":[],"data_offsets":[20,28]},"e":{"dtype":"F16","shape":[0,4],"data_offsets":[28,28]}}  )";

}  // namespace

TEST_CASE("safetensors: tensors of a good file") {
  auto bytes = file_of(kGood, 28);
  const float value = 2.5F;
  std::memcpy(bytes.data() + 8 + kGood.size() + 4, &value, 4);
  const auto file = parse(bytes);
  REQUIRE(file.has_value());
  REQUIRE(file->tensors().size() == 4);
  CHECK(file->tensors()[0].name == "a");
  CHECK(file->tensors()[0].dtype == "F32");
  CHECK(std::memcmp(file->tensors()[0].bytes.data() + 4, &value, 4) == 0);
  CHECK(file->tensors()[1].shape == std::vector<std::uint64_t>{2, 2});
  CHECK(file->tensors()[2].bytes.size() == 8);
  CHECK(file->tensors()[3].bytes.empty());
}

TEST_CASE("safetensors: every cut is refused with the bytes that are missing") {
  const auto whole = file_of(kGood, 28);
  for (std::size_t length = 0; length < whole.size(); ++length)
    check_refused({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}, "cut short");
  check_refused({whole.begin(), whole.end() - 5}, "5 more are needed for tensor 's'");
}

TEST_CASE("safetensors: headers that lie are refused by a sentence") {
  struct Case {
    const char* header;
    const char* expected;
  };
  const Case cases[] = {
      {R"([])", "the header is an array: expected an object"},
      {R"({"a":)", "not valid JSON at line 1"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "'a' stands twice"},
      {R"({"a":3})", "tensor 'a': field 'dtype' is missing"},
      {R"({"a":{"dtype":"F4","shape":[1],"data_offsets":[0,4]}})", "tensor 'a': dtype 'F4' is not known"},
      {R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", "tensor 'a': 'shape' is missing"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "tensor 'a': 'shape' holds -1"},
      {R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "tensor 'a': 'shape' holds 1.5"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", "more elements than any memory holds"},
      {R"({"a":{"dtype":"F32","shape":[1]}})", "tensor 'a': 'data_offsets' is missing"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", "tensor 'a': 'data_offsets' is missing"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "expected a beginning and an end not before it"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "its data has 8 bytes: expected 4"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551608,18446744073709551612]}})", "cut short"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "tensors 'a' and 'b' overlap"},
  };
  for (const Case& c : cases) check_refused(file_of(c.header, 16), c.expected);
  auto huge = file_of("{}", 0);
  huge[7] = std::byte{0x10};
  check_refused(huge, "not a safetensors file");
}

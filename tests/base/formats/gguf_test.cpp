#include "base/formats/gguf.h"

#include <functional>

#include "support/catch.h"
#include "support/gguf_writer.h"

namespace {

using base::GgmlType;
using tests::Bytes;
using tests::GgufWriter;

Bytes zeros(std::size_t count) { return Bytes(count); }

GgufWriter small_file() {
  GgufWriter w;
  w.text("general.architecture", "llama");
  w.u32("llama.block_count", 2);
  w.u64("huge", ~std::uint64_t{0});
  w.f32("epsilon", 0.5F);
  w.boolean("flag", true);
  w.texts("tokens", {"a", "", "\xE2\x96\x81the"});
  w.integers("types", {1, -2, 3});
  w.tensor("x", GgmlType::F32, {3, 2}, zeros(24));
  w.tensor("q", GgmlType::Q4_0, {64, 2}, zeros(72));
  return w;
}

// The sentence a file is refused with must hold `expected`, and name the file.
void check_refused(const Bytes& bytes, std::string_view expected) {
  const auto file = tests::parse_gguf(bytes);
  INFO("expected: " << expected);
  REQUIRE_FALSE(file.has_value());
  INFO("message: " << file.error().message);
  CHECK(file.error().message.find(expected) != std::string::npos);
  CHECK(file.error().message.starts_with("test.gguf: "));
}

}  // namespace

TEST_CASE("gguf: metadata and tensors of a good file") {
  for (const std::uint32_t version : {2U, 3U}) {
    GgufWriter w = small_file();
    w.version = version;
    const auto file = tests::parse_gguf(w.finish());
    REQUIRE(file.has_value());
    CHECK(file->string("general.architecture") == "llama");
    CHECK(file->integer("llama.block_count") == 2);
    CHECK(file->number("llama.block_count") == 2.0);
    CHECK(file->number("epsilon") == 0.5);
    CHECK(file->boolean("flag") == true);
    CHECK(file->array("tokens").value()->strings == std::vector<std::string>{"a", "", "\xE2\x96\x81the"});
    CHECK(file->array("types").value()->integers == std::vector<std::int64_t>{1, -2, 3});
    CHECK(file->integer_or("absent", 7) == 7);
    REQUIRE(file->tensors().size() == 2);
    CHECK(file->tensors()[0].shape == std::vector<std::uint64_t>{2, 3});
    CHECK(file->tensors()[0].bytes.size() == 24);
    CHECK(file->tensors()[1].bytes.size() == 2 * 2 * 18);
  }
}

TEST_CASE("gguf: a key of another kind is named") {
  const auto file = tests::parse_gguf(small_file().finish());
  REQUIRE(file.has_value());
  CHECK(file->integer("epsilon").error().message == "test.gguf: key 'epsilon' is a number: expected an integer");
  CHECK(file->integer("huge").error().message == "test.gguf: key 'huge' is an integer of 2^63 or more: expected an integer");
  CHECK(file->string("absent").error().message == "test.gguf: key 'absent' is missing: expected a string");
  CHECK(file->array("flag").error().message == "test.gguf: key 'flag' is true or false: expected an array");
  CHECK_FALSE(file->integer_or("tokens", 7).has_value());
}

TEST_CASE("gguf: every cut of a good file is refused with the bytes that are missing") {
  const Bytes whole = small_file().finish();
  const std::size_t end = whole.size() - (32 - 72 % 32);  // the last tensor's padding may be absent
  for (std::size_t length = 0; length < end; ++length) {
    const auto file = tests::parse_gguf(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    INFO("cut to " << length);
    REQUIRE_FALSE(file.has_value());
    const std::string& message = file.error().message;
    const bool told = message.find("cut short") != std::string::npos || message.find("bytes of the file are left") != std::string::npos;
    CHECK(told);
  }
  CHECK(tests::parse_gguf(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(end))).has_value());
  check_refused(Bytes(whole.begin(), whole.end() - 40), "16 more are needed for tensor 'q'");
}

TEST_CASE("gguf: files that lie are refused by a sentence") {
  struct Case {
    std::function<void(GgufWriter&)> change;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {[](GgufWriter& w) { w.magic = 0x12345678; }, "expected it to start with 'GGUF'"},
      {[](GgufWriter& w) { w.version = 1; }, "GGUF version 1: expected 2 or 3"},
      {[](GgufWriter& w) { w.version = 0x03000000; }, "big-endian"},
      {[](GgufWriter& w) { w.tensor_count = std::uint64_t{1} << 60; }, "tensors, but only"},
      {[](GgufWriter& w) { w.pair_count = ~std::uint64_t{0}; }, "metadata keys, but only"},
      {[](GgufWriter& w) { w.u32("flag", 1); }, "key 'flag' stands twice"},
      {[](GgufWriter& w) { w.u32("", 1); }, "a metadata key is 0 bytes long"},
      {[](GgufWriter& w) { w.raw("odd", 13, zeros(8)); }, "key 'odd' has value type 13: expected 0 to 12"},
      {[](GgufWriter& w) {
         Bytes value;
         tests::put<std::uint32_t>(value, 8);
         tests::put<std::uint64_t>(value, std::uint64_t{1} << 40);
         w.raw("many", 9, value);
       }, "key 'many' claims 1099511627776 values"},
      {[](GgufWriter& w) {
         Bytes value;
         tests::put<std::uint32_t>(value, 9);
         tests::put<std::uint64_t>(value, 1);
         w.raw("nest", 9, value);
       }, "key 'nest' is an array of arrays"},
      {[](GgufWriter& w) {
         Bytes value;
         tests::put<std::uint32_t>(value, 77);
         tests::put<std::uint64_t>(value, 0);
         w.raw("odd", 9, value);
       }, "key 'odd' is an array of value type 77"},
      {[](GgufWriter& w) {
         Bytes value;
         tests::put<std::uint64_t>(value, ~std::uint64_t{0} - 3);
         w.raw("long", 8, value);
       }, "more bytes are needed for key 'long'"},
      {[](GgufWriter& w) { w.u32("general.alignment", 0); }, "'general.alignment': expected a power of two"},
      {[](GgufWriter& w) { w.u32("general.alignment", 48); }, "'general.alignment': expected a power of two"},
      {[](GgufWriter& w) { w.text("general.alignment", "32"); }, "'general.alignment': expected a power of two"},
      {[](GgufWriter& w) { w.entry("x", 0, {1}, 128); }, "tensor 'x' stands twice"},
      {[](GgufWriter& w) { w.entry("y", 0, {1, 1, 1, 1, 1}, 0); }, "tensor 'y' has 5 dimensions: expected at most 4"},
      {[](GgufWriter& w) { w.entry("y", 0, {0}, 0); }, "tensor 'y' has a dimension of 0"},
      {[](GgufWriter& w) { w.entry("y", 0, {1U << 31, 1U << 31, 1U << 31}, 0); }, "tensor 'y' claims more elements"},
      {[](GgufWriter& w) { w.entry("y", 20, {32}, 0); }, "tensor 'y' is stored as ggml type 20 (IQ4_NL)"},
      {[](GgufWriter& w) { w.entry("y", 4, {32}, 0); }, "tensor 'y' is stored as ggml type 4 (unknown)"},
      {[](GgufWriter& w) { w.entry("y", 2, {33}, 0); }, "tensor 'y' has rows of 33 elements: Q4_0 needs a multiple of 32"},
      {[](GgufWriter& w) { w.entry("y", 0, {1}, 7); }, "tensor 'y' starts at offset 7: expected a multiple of the alignment, 32"},
      {[](GgufWriter& w) { w.entry("y", 0, {1}, ~std::uint64_t{0} - 31); }, "tensor 'y' starts at offset"},
      {[](GgufWriter& w) { w.entry("y", 0, {1}, std::uint64_t{1} << 62); }, "more are needed for tensor 'y'"},
      {[](GgufWriter& w) { w.entry("y", 0, {9}, 0); }, "overlap"},
  };
  for (const Case& c : cases) {
    GgufWriter w = small_file();
    c.change(w);
    check_refused(w.finish(), c.expected);
  }
}

TEST_CASE("gguf: alignment other than 32 moves the data") {
  GgufWriter w;
  w.u32("general.alignment", 8);
  w.entry("a", 0, {2}, 0);
  w.entry("b", 0, {2}, 8);
  Bytes bytes = w.finish();
  bytes.resize((24 + 8 + 17 + 4 + 4 + 2 * (8 + 1 + 4 + 8 + 4 + 8) + 7) / 8 * 8);  // without the writer's own padding
  for (const float value : {1.0F, 2.0F, 3.0F, 4.0F}) tests::put(bytes, value);
  const auto file = tests::parse_gguf(bytes);
  REQUIRE(file.has_value());
  float value = 0;
  std::memcpy(&value, file->tensors()[1].bytes.data(), sizeof value);
  CHECK(value == 3.0F);
}

TEST_CASE("gguf: no file, a folder, an empty file") {
  CHECK(base::Gguf::open("/nonexistent/x.gguf").error().code == base::ErrorCode::NotFound);
  CHECK(base::Gguf::open("/").error().message.find("not a regular file") != std::string::npos);
  check_refused({}, "4 more bytes are needed");
}

#include "engine/weights/gguf_blocks.h"

#include "engine/weights/block_cases.h"

using engine::dequantize;

TEST_CASE("gguf blocks: dequantised as the gguf package does, bit for bit") {
  for (const tests::BlockCase& c : tests::block_cases()) {
    INFO(c.name);
    std::vector<float> floats(c.floats.size());
    REQUIRE(dequantize(c.type, c.bytes, floats).has_value());
    tests::same_floats(floats, c.floats);
  }
}

TEST_CASE("gguf blocks: any whole number of blocks may be taken alone") {
  for (const tests::BlockCase& c : tests::block_cases()) {
    INFO(c.name);
    const auto block = *base::ggml_block(c.type);
    const std::size_t count = c.floats.size() / block.elements;
    for (const std::size_t first : {std::size_t{1}, count - 1}) {
      std::vector<float> floats((count - first) * block.elements);
      REQUIRE(dequantize(c.type, std::span(c.bytes).subspan(first * block.bytes), floats).has_value());
      tests::same_floats(floats, std::span(c.floats).subspan(first * block.elements));
    }
  }
}

TEST_CASE("gguf blocks: bytes and weights that do not belong together are refused") {
  std::vector<std::byte> bytes(36);
  std::vector<float> floats(64);
  CHECK(dequantize(base::GgmlType::Q4_0, bytes, floats).has_value());
  CHECK(dequantize(base::GgmlType::Q4_0, bytes, std::span(floats).first(32)).error().message == "36 bytes of Q4_0 are not 32 weights");
  CHECK_FALSE(dequantize(base::GgmlType::Q4_0, bytes, std::span(floats).first(63)).has_value());
  CHECK_FALSE(dequantize(base::GgmlType::Q4_0, std::span(bytes).first(35), floats).has_value());
  CHECK(dequantize(base::GgmlType::I32, bytes, std::span(floats).first(9)).error().code == base::ErrorCode::Unsupported);
  CHECK_FALSE(dequantize(static_cast<base::GgmlType>(99), bytes, floats).has_value());
}

// block_cases.h: blocks of every ggml format with the floats the reference makes of them.
// block_cases() reads tests/fixtures/gguf/*.blocks, or those of $RIGPILOT_BLOCKS; same_floats() compares bit for bit.
// Made by tests/fixtures/gguf/make_blocks.py.
#pragma once

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/formats/gguf.h"
#include "support/catch.h"

namespace tests {

struct BlockCase {
  base::GgmlType type;
  std::string name;
  std::vector<std::byte> bytes;
  std::vector<float> floats;
};

inline BlockCase read_block_case(base::GgmlType type) {
  const char* folder = std::getenv("RIGPILOT_BLOCKS");
  BlockCase result{type, std::string(base::ggml_block(type)->name), {}, {}};
  const auto file = base::read_file(std::filesystem::path(folder ? folder : RIGPILOT_FIXTURES "/gguf") / (result.name + ".blocks"));
  REQUIRE(file.has_value());
  std::uint32_t size = 0;
  std::memcpy(&size, file->data(), 4);
  result.bytes.resize(size);
  std::memcpy(result.bytes.data(), file->data() + 4, size);
  result.floats.resize((file->size() - 4 - size) / 4);
  std::memcpy(result.floats.data(), file->data() + 4 + size, result.floats.size() * 4);
  const auto block = base::ggml_block(type);
  REQUIRE(size / block->bytes * block->elements == result.floats.size());
  REQUIRE_FALSE(result.floats.empty());
  return result;
}

inline std::vector<BlockCase> block_cases() {
  using enum base::GgmlType;
  std::vector<BlockCase> cases;
  for (const auto type : {F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K}) cases.push_back(read_block_case(type));
  return cases;
}

// Bit for bit, the sign of zero included; one NaN is as good as another (its payload depends on the processor).
inline void same_floats(std::span<const float> got, std::span<const float> wanted) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(wanted[i]) && std::isnan(got[i])) continue;
    INFO("at " << i << ": got " << got[i] << ", expected " << wanted[i]);
    REQUIRE(std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(wanted[i]));
  }
}

}  // namespace tests

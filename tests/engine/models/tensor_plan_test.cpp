// What the writers of GGUF files write is what the models read: for every checkpoint of the parity tests the same tensors, names
// and shapes, and each row back in its place.
#include "engine/convert/tensor_plan.h"

#include <filesystem>
#include <map>
#include <numeric>

#include "engine/models/registry.h"
#include "support/catch.h"

namespace {

namespace fs = std::filesystem;
using Rows = std::vector<std::int64_t>;

Rows or_all(Rows rows, std::int64_t count) {
  if (!rows.empty()) return rows;
  rows.resize(std::size_t(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

void check_same(const engine::PlannedTensor& tensor, const engine::Slot& slot) {
  CHECK(slot.gguf == tensor.gguf);
  CHECK(slot.in_hugging_face.transposed == tensor.transposed);
  CHECK(slot.in_hugging_face.less - slot.in_gguf.less == double(tensor.more));
  CHECK(slot.in_gguf.stacked == (tensor.stacked ? tensor.shape[0] : 0));
  CHECK(slot.shape == (tensor.stacked ? Rows{tensor.shape[1]} : tensor.shape));
  if (tensor.stacked) return;
  // The model's row r is GGUF's row of[r], which was written from Hugging Face's row written[of[r]].
  const std::int64_t count = tensor.shape[0];
  const Rows written = or_all(tensor.rows, count), of = or_all(slot.in_gguf.rows, count), expected = or_all(slot.in_hugging_face.rows, count);
  Rows back;
  for (const std::int64_t row : of) back.push_back(written[std::size_t(row)]);
  CHECK(back == expected);
}

void check_plan(const engine::ModelConfig& config) {
  auto model = engine::make_model(config);
  REQUIRE(model);
  std::map<std::string, engine::Slot> slots;
  for (engine::Slot& slot : (*model)->slots()) slots[slot.hugging_face] = slot;
  const auto plan = engine::tensor_plan(config);
  REQUIRE(plan);
  std::size_t parts = 0;
  for (const engine::PlannedTensor& tensor : *plan) {
    const std::int64_t count = tensor.stacked ? tensor.shape[0] : 1;
    for (std::int64_t part = 0; part < count; ++part, ++parts) {
      std::string name = tensor.hugging_face;
      if (tensor.stacked) name.replace(name.find("{}"), 2, std::to_string(part));
      INFO(name);
      REQUIRE(slots.contains(name));
      check_same(tensor, slots[name]);
    }
  }
  CHECK(parts == slots.size());
}

}  // namespace

TEST_CASE("a plan of tensors and a model's slots agree, for every architecture") {
  std::map<std::string, int> seen;
  for (const auto& entry : fs::directory_iterator(fs::path(RIGPILOT_SOURCE_DIR) / "tests/parity/data")) {
    INFO(entry.path().filename().string());
    const auto config = engine::read_hf_config(entry.path());
    REQUIRE(config);
    check_plan(*config);
    ++seen[config->architecture];
  }
  CHECK(seen.size() == 12);
}

TEST_CASE("an architecture that no plan knows is refused by a sentence") {
  engine::ModelConfig config;
  config.architecture = "mamba";
  const auto plan = engine::tensor_plan(config);
  REQUIRE_FALSE(plan);
  CHECK_THAT(plan.error().message, Catch::Matchers::Contains("'mamba'") && Catch::Matchers::Contains("starcoder2"));
}

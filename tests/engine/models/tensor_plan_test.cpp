// What the writers of model files write is what the models read: the same tensors, names, shapes, and rows back in their places.
#include "engine/convert/tensor_plan.h"

#include <map>

#include "engine/convert/shapes.h"
#include "engine/models/registry.h"
#include "support/catch.h"

TEST_CASE("a plan of tensors and a model's slots agree") {
  for (const char* shape : {"smollm2-135m", "deepseek-coder-1.3b", "qwen2.5-coder-0.5b", "qwen2.5-coder-7b"}) {
    const auto config = *engine::find_shape(shape);
    const auto model = engine::make_model(config);
    if (!model && config.architecture != "llama") continue;  // written for llama.cpp before this build runs it
    REQUIRE(model);
    const std::vector<engine::Slot> slots = (*model)->slots();
    std::map<std::string, const engine::Slot*> by_name;
    for (const engine::Slot& slot : slots) by_name[slot.hugging_face] = &slot;
    const auto plan = engine::tensor_plan(config);
    REQUIRE(plan);
    CHECK(plan->size() == slots.size());
    for (const engine::PlannedTensor& tensor : *plan) {
      INFO(shape << " " << tensor.hugging_face);
      REQUIRE(by_name.contains(tensor.hugging_face));
      const engine::Slot& slot = *by_name[tensor.hugging_face];
      CHECK(slot.gguf == tensor.gguf);
      CHECK(slot.shape == tensor.shape);
      CHECK(slot.in_gguf.rows.empty() == (tensor.rope_heads == 0));
      if (tensor.rope_heads == 0) continue;
      const auto written = engine::gguf_row_order(tensor.shape[0], tensor.rope_heads);
      for (std::size_t row = 0; row < written.size(); ++row)
        if (written[std::size_t(slot.in_gguf.rows[row])] != std::int64_t(row)) FAIL("row " << row << " does not come back");
    }
  }
}

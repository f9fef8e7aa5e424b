// The table of architectures, and the names of weights.
#include "engine/models/registry.h"

#include <set>

#include "support/catch.h"

namespace {

engine::ModelConfig llama() {
  engine::ModelConfig config;
  config.architecture = "llama";
  config.vocab_size = 10, config.layers = 2, config.width = 8, config.mlp_width = 12, config.heads = 2, config.kv_heads = 1, config.head_width = config.rotary_width = 4;
  return config;
}

}  // namespace

TEST_CASE("registry: an unknown architecture is told which ones there are") {
  auto config = llama();
  config.architecture = "mamba";
  const auto made = engine::make_model(config);
  REQUIRE(!made);
  CHECK(made.error().code == base::ErrorCode::Unsupported);
  CHECK(made.error().message.starts_with("architecture 'mamba' is not supported: this build runs "));
  for (const char* known : {"bloom", "gemma", "gpt2", "gpt_bigcode", "gpt_neox", "granite", "llama", "mistral", "qwen2", "qwen3", "stablelm", "starcoder2"})
    CHECK(made.error().message.find(known) != std::string::npos);
}

// The fused matrices: one tensor of the file each, and as many rows as queries, keys and values have.
TEST_CASE("fused heads: each head's queries, keys and values become all queries, all keys, all values") {
  CHECK(engine::rows_of_fused_heads(2, 2) == std::vector<std::int64_t>{0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11});
  CHECK(engine::rows_of_fused_heads(1, 3) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("every architecture: each tensor has one place, one Hugging Face name and one GGUF name") {
  for (const char* architecture : {"bloom", "gemma", "gpt2", "gpt_bigcode", "gpt_neox", "granite", "llama", "mistral", "qwen2", "qwen3", "stablelm", "starcoder2"})
    for (const bool tied : {false, true}) {
      INFO(architecture << ", tied " << tied);
      auto config = llama();
      config.architecture = architecture;
      config.kv_heads = config.heads, config.context_length = 16;
      config.tied_embeddings = tied, config.attention_bias = config.mlp_bias = true;
      auto model = engine::make_model(config);
      REQUIRE(model.has_value());
      const auto slots = (*model)->slots();
      std::set<std::string> hugging_face, gguf;
      for (const engine::Slot& slot : slots) {
        CHECK(bool(slot.matrix) + bool(slot.bias) + bool(slot.norm) + bool(slot.norm_bias) == 1);
        hugging_face.insert(slot.hugging_face);
        gguf.insert(slot.gguf);
      }
      CHECK(hugging_face.size() == slots.size());
      CHECK(gguf.size() == slots.size());
      CHECK(gguf.contains("blk.1.ffn_up.bias"));
      CHECK(gguf.contains("output.weight") == !tied);
    }
}

TEST_CASE("numbered puts the layer where it belongs") {
  CHECK(engine::numbered("model.layers.{}.mlp", 12) == "model.layers.12.mlp");
  CHECK(engine::numbered("model.norm", 3) == "model.norm");
}

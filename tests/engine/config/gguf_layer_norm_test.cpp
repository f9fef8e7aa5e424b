// GGUF metadata of gpt2, gptneox, bloom, starcoder and starcoder2, as llama.cpp's converter writes it, and what is refused.
#include <cmath>
#include <functional>
#include <optional>

#include "engine/config.h"
#include "support/catch.h"
#include "support/gguf_writer.h"

namespace {

using engine::Activation;
using engine::ModelConfig;
using Change = std::function<void(tests::GgufWriter&)>;

void add_vector(tests::GgufWriter& w, std::string_view name) { w.tensor(name, base::GgmlType::F32, {1}, tests::Bytes(4)); }

struct Fields {
  std::uint32_t heads = 6;
  std::optional<float> epsilon = 0.25F;
};

base::Result<ModelConfig> read(const std::string& architecture, const Change& change = [](tests::GgufWriter&) {}, const Fields& f = {}) {
  tests::GgufWriter w;
  w.text("general.architecture", architecture);
  const std::string a = architecture + ".";
  w.u32(a + "block_count", 2);
  w.u32(a + "context_length", 512);
  w.u32(a + "embedding_length", 60);
  w.u32(a + "feed_forward_length", 99);
  w.u32(a + "attention.head_count", f.heads);
  if (f.epsilon) w.f32(a + "attention.layer_norm_epsilon", *f.epsilon);
  w.texts("tokenizer.ggml.tokens", {"a", "b", "c", "d"});
  change(w);
  const auto file = tests::parse_gguf(w.finish());
  REQUIRE(file.has_value());
  return engine::read_gguf_config(*file);
}

ModelConfig good(const std::string& architecture, const Change& change = [](tests::GgufWriter&) {}) {
  const auto config = read(architecture, change);
  INFO(architecture << ": " << (config ? "" : config.error().message));
  REQUIRE(config.has_value());
  return *config;
}

void check_refused(const std::string& architecture, const Change& change, std::string_view expected, const Fields& fields = {}) {
  const auto config = read(architecture, change, fields);
  INFO("expected: " << expected);
  REQUIRE_FALSE(config.has_value());
  INFO("message: " << config.error().message);
  CHECK(config.error().message.find(expected) != std::string::npos);
  CHECK(config.error().message.starts_with("test.gguf: "));
}

// One matrix of all queries, keys and values, of `rows` rows.
Change fused(std::uint64_t rows) {
  return [rows](tests::GgufWriter& w) { w.tensor("blk.0.attn_qkv.weight", base::GgmlType::F32, {60, rows}, tests::Bytes(60 * rows * 4)); };
}

}  // namespace

TEST_CASE("gguf config: what the families with layer norms share") {
  for (const char* architecture : {"gpt2", "gptneox", "bloom", "starcoder", "starcoder2"}) {
    INFO(architecture);
    const ModelConfig plain = good(architecture);
    CHECK(plain.layers == 2);
    CHECK(plain.mlp_width == 99);
    CHECK(plain.heads == 6);
    CHECK(plain.head_width == 10);
    CHECK(plain.norm_epsilon == 0.25);
    CHECK(plain.attention_scale == Approx(1 / std::sqrt(10.0)));
    CHECK(plain.tied_embeddings);
    CHECK_FALSE(plain.attention_bias);
    CHECK_FALSE(plain.mlp_bias);
    const ModelConfig biased = good(architecture, [](auto& w) {
      for (const char* name : {"output.weight", "blk.0.attn_output.bias", "blk.0.ffn_up.bias"}) add_vector(w, name);
    });
    CHECK_FALSE(biased.tied_embeddings);
    CHECK(biased.attention_bias);
    CHECK(biased.mlp_bias);
  }
}

TEST_CASE("gguf config: each family under the name that its checkpoints have") {
  struct Case {
    const char *gguf, *architecture;
    std::int64_t rotated;
    Activation activation;
  };
  const Case cases[] = {{"gpt2", "gpt2", 0, Activation::GeluTanh},
                        {"gptneox", "gpt_neox", 10, Activation::Gelu},
                        {"bloom", "bloom", 0, Activation::GeluTanh},
                        {"starcoder", "gpt_bigcode", 0, Activation::GeluTanh},
                        {"starcoder2", "starcoder2", 10, Activation::GeluTanh}};
  for (const Case& c : cases) {
    INFO(c.gguf);
    CHECK(good(c.gguf).architecture == c.architecture);
    CHECK(good(c.gguf).rotary_width == c.rotated);
    CHECK(good(c.gguf).activation == c.activation);
  }
}

TEST_CASE("gguf config: GPT-NeoX") {
  CHECK(good("gptneox").parallel_residual);
  CHECK_FALSE(good("gptneox", [](auto& w) { w.boolean("gptneox.use_parallel_residual", false); }).parallel_residual);
  CHECK(good("gptneox", [](auto& w) { w.u32("gptneox.rope.dimension_count", 2); }).rotary_width == 2);
  CHECK(good("gptneox", [](auto& w) { w.f32("gptneox.rope.freq_base", 500); }).rope.theta == 500);
  CHECK(good("gptneox").fused_by_head);  // tokens without tokenizer.ggml.pre: a converter too old to regroup
  CHECK_FALSE(good("gptneox", [](auto& w) { w.text("tokenizer.ggml.pre", "olmo"); }).fused_by_head);
  check_refused("gptneox", [](auto& w) { w.u32("gptneox.rope.dimension_count", 0); }, "'gptneox.rope.dimension_count' is 0: expected 1 to");
  check_refused("gptneox", [](auto& w) { w.u32("gptneox.rope.dimension_count", 3); },
                "'gptneox.rope.dimension_count' rotates 3 of a head's 10 numbers");
  check_refused("gptneox", [](auto& w) { w.u32("gptneox.rope.dimension_count", 12); },
                "'gptneox.rope.dimension_count' rotates 12 of a head's 10 numbers");
  check_refused("gptneox", [](auto& w) { w.i64("gptneox.rope.dimension_count", -4); }, "'gptneox.rope.dimension_count' is -4");
  check_refused("gptneox", [](auto& w) { w.u32("gptneox.use_parallel_residual", 1); },
                "'gptneox.use_parallel_residual' is an integer: expected true or false");
}

TEST_CASE("gguf config: StarCoder's kv heads are what its fused matrix has, whatever the key says") {
  const auto with_key = [](std::uint64_t rows, std::uint32_t kv_heads) {
    return [=](tests::GgufWriter& w) { fused(rows)(w); w.u32("starcoder.attention.head_count_kv", kv_heads); };
  };
  CHECK(good("starcoder", with_key(60 + 2 * 10, 1)).kv_heads == 1);
  CHECK(good("starcoder", with_key(3 * 60, 1)).kv_heads == 6);
  CHECK(good("starcoder", with_key(3 * 60, 1)).fused_by_head);  // each head's three together, as the converter leaves them
  CHECK_FALSE(good("starcoder", with_key(3 * 60, 6)).fused_by_head);
  CHECK(good("starcoder", with_key(3 * 60, 6)).kv_heads == 6);
}

TEST_CASE("gguf config: StarCoder2's window, and its queries, keys and values as one matrix or three") {
  CHECK(good("starcoder2").sliding_window == 0);
  CHECK(good("starcoder2", [](auto& w) { w.u32("starcoder2.attention.sliding_window", 64); }).sliding_window == 64);
  CHECK(good("starcoder2", fused(100)).fused_qkv);
  CHECK_FALSE(good("starcoder2").fused_qkv);
  check_refused("starcoder2", [](auto& w) { w.u32("starcoder2.attention.sliding_window", 0); }, "'starcoder2.attention.sliding_window' is 0");
  check_refused("starcoder2", [](auto& w) { w.u32("starcoder2.rope.dimension_count", 4); },
                "'starcoder2.rope.dimension_count' is 4: supported is only the head's width, 10");
  check_refused("starcoder2", [](auto& w) { w.u32("starcoder2.attention.head_count_kv", 4); }, "'starcoder2.attention.head_count' is 6 and");
}

TEST_CASE("gguf config: nonsense in the keys these families add") {
  for (const char* architecture : {"gpt2", "gptneox", "bloom", "starcoder", "starcoder2"}) {
    const std::string epsilon = std::string(architecture) + ".attention.layer_norm_epsilon";
    const auto unchanged = [](tests::GgufWriter&) {};
    check_refused(architecture, unchanged, epsilon + "' is 0: expected a number above 0", {.epsilon = 0.0F});
    check_refused(architecture, unchanged, epsilon + "' is -1: expected a number above 0", {.epsilon = -1.0F});
    check_refused(architecture, unchanged, epsilon + "' is nan", {.epsilon = std::nanf("")});
    check_refused(architecture, [&](auto& w) { w.text(epsilon, "small"); }, epsilon + "' is a string: expected a number", {.epsilon = {}});
    check_refused(architecture, unchanged, "attention.head_count' is 0", {.heads = 0});
    check_refused(architecture, unchanged, "embedding_length' is 60 and", {.heads = 7});
    check_refused(architecture, unchanged, "attention.head_count' is 4000000000", {.heads = 4000000000U});
    check_refused(architecture, [](auto& w) { w.u32("tokenizer.ggml.eos_token_id", 4); }, "'tokenizer.ggml.eos_token_id' is 4: expected 0 to 3");
    CHECK(read(architecture, unchanged, {.epsilon = {}})->norm_epsilon == 1e-5);
  }
}

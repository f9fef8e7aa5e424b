#include "engine/config.h"

#include <functional>

#include "base/files.h"
#include "support/catch.h"
#include "support/gguf_writer.h"
#include "support/temp_folder.h"

namespace {

using engine::ModelConfig;
using engine::RopeScaling;

constexpr const char* kLlama = R"("model_type": "llama", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 512)";

// A config.json of kLlama's fields and `more`, which has the last word (JSON's later field wins).
base::Result<ModelConfig> read(const std::string& more, const std::string& generation = "") {
  const tests::TempFolder folder;
  const std::string text = std::string("{") + kLlama + (more.empty() ? "" : ", ") + more + "}";
  REQUIRE(base::write_file_atomic(folder.path() / "config.json", text).has_value());
  if (!generation.empty()) REQUIRE(base::write_file_atomic(folder.path() / "generation_config.json", generation).has_value());
  return engine::read_hf_config(folder.path());
}

ModelConfig good(const std::string& more, const std::string& generation = "") {
  const auto config = read(more, generation);
  INFO(more << ": " << (config ? "" : config.error().message));
  REQUIRE(config.has_value());
  return *config;
}

void check_refused(const base::Result<ModelConfig>& config, std::string_view file, std::string_view expected) {
  INFO("expected: " << expected);
  REQUIRE_FALSE(config.has_value());
  INFO("message: " << config.error().message);
  CHECK(config.error().message.find(expected) != std::string::npos);
  CHECK(config.error().message.find(file) != std::string::npos);
}

}  // namespace

TEST_CASE("hf config: the shape") {
  const ModelConfig plain = good("");
  CHECK(plain.architecture == "llama");
  CHECK(plain.vocab_size == 100);
  CHECK(plain.width == 64);
  CHECK(plain.mlp_width == 128);
  CHECK(plain.layers == 2);
  CHECK(plain.heads == 4);
  CHECK(plain.kv_heads == 4);
  CHECK(plain.head_width == 16);
  CHECK(plain.context_length == 512);
  CHECK(plain.norm_epsilon == 1e-6);
  CHECK_FALSE(plain.tied_embeddings);
  CHECK(plain.rope.theta == 10000);
  CHECK(plain.rope.scaling == RopeScaling::None);
  CHECK(plain.end_ids.empty());

  const ModelConfig full = good(R"("num_key_value_heads": 2, "head_dim": 32, "rms_norm_eps": 1e-5, "tie_word_embeddings": true,
      "attention_bias": true, "mlp_bias": true, "eos_token_id": 7, "pad_token_id": null)");
  CHECK(full.kv_heads == 2);
  CHECK(full.head_width == 32);
  CHECK(full.norm_epsilon == 1e-5);
  CHECK(full.tied_embeddings);
  CHECK(full.attention_bias);
  CHECK(full.mlp_bias);
  CHECK(full.end_ids == std::vector<tokenizer::TokenId>{7});
}

TEST_CASE("hf config: end ids of both files, each once") {
  CHECK(good(R"("eos_token_id": [9, 3])", R"({"eos_token_id": 3})").end_ids == std::vector<tokenizer::TokenId>{3, 9});
  CHECK(good("", R"({"eos_token_id": [5, 4]})").end_ids == std::vector<tokenizer::TokenId>{4, 5});
  CHECK(good(R"("eos_token_id": null)", R"({"temperature": 1.0})").end_ids.empty());
}

TEST_CASE("hf config: positions in the old and the new spelling") {
  struct Case {
    const char* old_spelling;
    const char* new_spelling;
    RopeScaling scaling;
    double theta, factor;
  };
  const Case cases[] = {
      {R"("rope_theta": 5e5)", R"("rope_parameters": {"rope_type": "default", "rope_theta": 5e5})", RopeScaling::None, 5e5, 1},
      {R"("rope_theta": 5e5, "rope_scaling": null)", R"("rope_theta": 1, "rope_parameters": {"rope_theta": 5e5})", RopeScaling::None, 5e5, 1},
      {R"("rope_scaling": {"type": "linear", "factor": 4})", R"("rope_parameters": {"rope_type": "linear", "rope_theta": 10000, "factor": 4.0})",
       RopeScaling::Linear, 1e4, 4},
      {R"("rope_theta": 2e4, "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 128})",
       R"("rope_parameters": {"rope_type": "llama3", "rope_theta": 2e4, "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 128})",
       RopeScaling::Llama3, 2e4, 8},
      {R"("rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 128})",
       R"("rope_parameters": {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 128})", RopeScaling::Yarn, 1e4, 4},
  };
  for (const Case& c : cases)
    for (const char* spelling : {c.old_spelling, c.new_spelling}) {
      INFO(spelling);
      const ModelConfig config = good(spelling);
      CHECK(config.rope.scaling == c.scaling);
      CHECK(config.rope.theta == c.theta);
      CHECK(config.rope.factor == c.factor);
      if (c.scaling == RopeScaling::Llama3 || c.scaling == RopeScaling::Yarn) CHECK(config.rope.original_context == 128);
    }
  CHECK(good(R"("rope_scaling": {"type": "yarn", "original_max_position_embeddings": 128})").rope.factor == 4);  // 512 / 128
  CHECK(good(R"("rope_scaling": {"type": "yarn", "factor": 4, "attention_factor": 1.5})").rope.attention_factor == 1.5);
  CHECK(good(R"("rope_scaling": {"type": "yarn", "factor": 4, "mscale": 1, "mscale_all_dim": 1})").rope.attention_factor == 1);
}

TEST_CASE("hf config: which architecture it is") {
  CHECK(good(R"("model_type": "qwen2")").architecture == "qwen2");
  CHECK(good(R"("model_type": null, "architectures": ["LlamaForCausalLM"])").architecture == "llama");
}

TEST_CASE("hf config: windows of attention") {
  const auto mistral = [](const std::string& more) { return good(R"("model_type": "mistral", "max_position_embeddings": 32768)" + more).sliding_window; };
  CHECK(mistral("") == 4096);  // transformers' default
  CHECK(mistral(R"(, "sliding_window": null)") == 0);
  CHECK(mistral(R"(, "sliding_window": 511)") == 511);
  CHECK(mistral(R"(, "sliding_window": 32768)") == 0);  // reaches everything

  const auto windows = [](const char* type, const std::string& more) {
    const ModelConfig config = good(std::string(R"("num_hidden_layers": 3, "sliding_window": 64, "model_type": ")") + type + "\"" + more);
    return std::vector<std::int64_t>{config.window_of(0), config.window_of(1), config.window_of(2)};
  };
  for (const char* type : {"qwen2", "qwen3"}) {
    CHECK(windows(type, "") == std::vector<std::int64_t>{0, 0, 0});
    CHECK(windows(type, R"(, "use_sliding_window": true)") == std::vector<std::int64_t>{0, 0, 0});  // from layer 28 on
    CHECK(windows(type, R"(, "use_sliding_window": true, "max_window_layers": 1)") == std::vector<std::int64_t>{0, 64, 64});
    CHECK(windows(type, R"(, "use_sliding_window": true, "max_window_layers": 1, "layer_types": ["sliding_attention", "full_attention", "full_attention"])") ==
          std::vector<std::int64_t>{64, 0, 0});
  }
}

TEST_CASE("hf config: Gemma, StableLM, Granite and Qwen in their own words") {
  using engine::Activation;
  const ModelConfig gemma = good(R"("model_type": "gemma", "hidden_act": "gelu", "hidden_activation": null)");
  CHECK(gemma.head_width == 256);
  CHECK(gemma.tied_embeddings);
  CHECK(gemma.activation == Activation::GeluTanh);
  CHECK(good(R"("model_type": "gemma", "hidden_act": "gelu_pytorch_tanh")").activation == Activation::GeluTanh);

  CHECK(good(R"("model_type": "stablelm", "use_parallel_residual": true, "qk_layernorm": true, "use_qkv_bias": true)").rotary_width == 4);  // a quarter of 16
  for (const char* half : {R"("partial_rotary_factor": 0.5)", R"("rope_pct": 0.5)", R"("rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.5})"})
    CHECK(good(std::string(R"("model_type": "stablelm", )") + half).rotary_width == 8);
  CHECK(good(R"("model_type": "stablelm_epoch", "norm_eps": 0.5)").norm_epsilon == 0.5);

  const ModelConfig granite = good(R"("model_type": "granite", "embedding_multiplier": 12, "residual_multiplier": 0.22, "logits_scaling": 8)");
  CHECK(granite.attention_scale == 1);  // GraniteConfig's default, and not 1 / sqrt(head width)
  CHECK(granite.multipliers.embedding == 12);
  CHECK(granite.multipliers.residual == 0.22);
  CHECK(granite.multipliers.logits_divisor == 8);

  const ModelConfig qwen2 = good(R"("model_type": "qwen2")"), qwen3 = good(R"("model_type": "qwen3", "attention_bias": true)");
  CHECK(qwen2.attention_bias);
  CHECK_FALSE(qwen2.output_bias);
  CHECK(qwen3.output_bias);
  CHECK(qwen3.head_width == 128);
}

TEST_CASE("hf config: other mathematics than a family's is refused by name") {
  check_refused(read(R"("model_type": "gemma", "hidden_act": "relu")"), "config.json", "'hidden_act' is 'relu': architecture 'gemma' runs gelu_pytorch_tanh");
  check_refused(read(R"("model_type": "gemma", "hidden_activation": "gelu")"), "config.json", "'hidden_activation' is 'gelu'");
  check_refused(read(R"("model_type": "gemma", "use_bidirectional_attention": true)"), "config.json", "'use_bidirectional_attention' is true");
  check_refused(read(R"("model_type": "qwen2", "hidden_act": "gelu")"), "config.json", "'hidden_act' is 'gelu': architecture 'qwen2' runs silu");
  check_refused(read(R"("model_type": "qwen2", "use_sliding_window": true, "layer_types": ["full_attention"])"), "config.json", "'layer_types' is a list of 1: expected a list of 2");
  check_refused(read(R"("model_type": "qwen3", "use_sliding_window": true, "layer_types": ["full_attention", "linear_attention"])"), "config.json", "'layer_types' holds \"linear_attention\"");
  check_refused(read(R"("model_type": "stablelm", "partial_rotary_factor": 0.2)"), "config.json", "rotates 3 of a head's 16 numbers");
  check_refused(read(R"("model_type": "granite", "logits_scaling": 0)"), "config.json", "'logits_scaling' is 0");
  check_refused(read(R"("model_type": "mistral", "sliding_window": -1)"), "config.json", "'sliding_window' is -1");
}

TEST_CASE("hf config: nonsense is refused by a sentence that names the file and the field") {
  struct Case {
    const char* more;
    const char* expected;
  };
  const Case cases[] = {
      {R"("vocab_size": 0)", "'vocab_size' is 0: expected 1 to 16777216"},
      {R"("vocab_size": -5)", "'vocab_size' is -5: expected 1 to"},
      {R"("vocab_size": 1000000000000)", "'vocab_size' is 1000000000000: expected 1 to"},
      {R"("vocab_size": 18446744073709551615)", "field 'vocab_size' is an integer: expected an integer"},
      {R"("vocab_size": "many")", "field 'vocab_size' is a string: expected an integer"},
      {R"("hidden_size": null)", "field 'hidden_size' is missing: expected an integer"},
      {R"("hidden_size": 64.5)", "field 'hidden_size' is a number: expected an integer"},
      {R"("num_hidden_layers": 0)", "'num_hidden_layers' is 0"},
      {R"("num_hidden_layers": 1000000000000)", "'num_hidden_layers' is 1000000000000"},
      {R"("intermediate_size": -1)", "'intermediate_size' is -1"},
      {R"("num_attention_heads": 0)", "'num_attention_heads' is 0"},
      {R"("num_attention_heads": 5)", "'hidden_size' is 64 and 'num_attention_heads' is 5: expected the first to be a multiple"},
      {R"("num_attention_heads": 64)", "'head_dim' is 1: expected an even number"},
      {R"("head_dim": 15)", "'head_dim' is 15: expected an even number"},
      {R"("num_key_value_heads": 3)", "'num_attention_heads' is 4 and 'num_key_value_heads' is 3: expected the first to be a multiple"},
      {R"("num_key_value_heads": 8)", "'num_key_value_heads' is 8"},
      {R"("max_position_embeddings": 0)", "'max_position_embeddings' is 0"},
      {R"("rms_norm_eps": 0)", "'rms_norm_eps' is 0: expected a number above 0"},
      {R"("rms_norm_eps": "1e-5")", "field 'rms_norm_eps' is a string: expected a number"},
      {R"("tie_word_embeddings": 1)", "field 'tie_word_embeddings' is an integer: expected true or false"},
      {R"("eos_token_id": 100)", "'eos_token_id' is 100: expected 0 to 99"},
      {R"("eos_token_id": [1, "x"])", "'eos_token_id' holds a string: expected a token id"},
      {R"("rope_theta": -1)", "'rope_theta' is -1: expected a number above 0"},
      {R"("rope_scaling": "linear")", "'rope_scaling' is a string: expected an object"},
      {R"("rope_scaling": {"type": "longrope"})", "'rope_scaling.rope_type' is 'longrope': supported are default, linear, llama3 and yarn"},
      {R"("rope_scaling": {"type": "linear"})", "rope_scaling: field 'factor' is missing"},
      {R"("rope_scaling": {"type": "linear", "factor": 0})", "'rope_scaling.factor' is 0"},
      {R"("rope_parameters": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4})", "'rope_parameters.high_freq_factor' is 4: expected more than"},
      {R"("rope_parameters": {"full_attention": {"rope_theta": 1}})", "'rope_parameters' has positions of its own for 'full_attention'"},
      {R"("partial_rotary_factor": 0.5)", "'partial_rotary_factor' is 0.5: supported is only 1"},
      {R"("hidden_act": "gelu")", "'hidden_act' is 'gelu': architecture 'llama' runs silu"},
      {R"("quantization_config": {"quant_method": "gptq"})", "'quantization_config' is set"},
      {R"("model_type": null)", "'model_type' is missing"},
      {R"("model_type": 3)", "field 'model_type' is an integer: expected a string"},
  };
  for (const Case& c : cases) check_refused(read(c.more), "config.json", c.expected);
  check_refused(read("", R"({"eos_token_id": -1})"), "generation_config.json", "'eos_token_id' is -1");
  check_refused(read("", "{"), "generation_config.json", "not valid JSON at line 1");
  check_refused(read("]"), "config.json", "not valid JSON");
  CHECK(engine::read_hf_config("/nonexistent").error().code == base::ErrorCode::NotFound);
}

namespace {

struct GgufFields {
  std::uint32_t layers = 2, context = 512, width = 64, mlp = 128, heads = 4;
  std::string architecture = "llama";
};

tests::GgufWriter gguf_of(const GgufFields& f = {}) {
  tests::GgufWriter w;
  w.text("general.architecture", f.architecture);
  w.text("general.name", "tiny");
  const std::string a = f.architecture + ".";
  w.u32(a + "block_count", f.layers);
  w.u32(a + "context_length", f.context);
  w.u32(a + "embedding_length", f.width);
  w.u32(a + "feed_forward_length", f.mlp);
  w.u32(a + "attention.head_count", f.heads);
  w.texts("tokenizer.ggml.tokens", {"a", "b", "c", "d"});
  return w;
}

base::Result<ModelConfig> read(const tests::GgufWriter& w) {
  const auto file = tests::parse_gguf(w.finish());
  REQUIRE(file.has_value());
  return engine::read_gguf_config(*file);
}

}  // namespace

TEST_CASE("gguf config: the shape") {
  tests::GgufWriter w = gguf_of();
  const auto plain = read(w);
  REQUIRE(plain.has_value());
  CHECK(plain->architecture == "llama");
  CHECK(plain->name == "tiny");
  CHECK(plain->vocab_size == 4);
  CHECK(plain->kv_heads == 4);
  CHECK(plain->head_width == 16);
  CHECK(plain->tied_embeddings);
  CHECK(plain->norm_epsilon == 1e-5);

  w.u32("llama.vocab_size", 6);
  w.u32("llama.attention.head_count_kv", 2);
  w.u32("llama.attention.key_length", 32);
  w.u32("llama.attention.value_length", 32);
  w.u32("llama.rope.dimension_count", 32);
  w.f32("llama.rope.freq_base", 100000.0F);
  w.f32("llama.attention.layer_norm_rms_epsilon", 0.25F);
  w.text("llama.rope.scaling.type", "yarn");
  w.f32("llama.rope.scaling.factor", 4.0F);
  w.u32("llama.rope.scaling.original_context_length", 128);
  w.u32("tokenizer.ggml.eos_token_id", 2);
  w.u32("tokenizer.ggml.eot_token_id", 1);
  w.tensor("output.weight", base::GgmlType::F32, {1}, tests::Bytes(4));
  w.tensor("blk.0.attn_q.bias", base::GgmlType::F32, {1}, tests::Bytes(4));
  const auto full = read(w);
  REQUIRE(full.has_value());
  CHECK(full->vocab_size == 6);
  CHECK(full->kv_heads == 2);
  CHECK(full->head_width == 32);
  CHECK(full->rope.theta == 100000);
  CHECK(full->rope.scaling == RopeScaling::Yarn);
  CHECK(full->rope.factor == 4);
  CHECK(full->rope.original_context == 128);
  CHECK(full->norm_epsilon == 0.25);
  CHECK(full->end_ids == std::vector<tokenizer::TokenId>{1, 2});
  CHECK_FALSE(full->tied_embeddings);
  CHECK(full->attention_bias);
  CHECK_FALSE(full->mlp_bias);
}

TEST_CASE("gguf config: keys stand under the architecture's own name") {
  const auto config = read(gguf_of({.architecture = "qwen2"}));
  REQUIRE(config.has_value());
  CHECK(config->architecture == "qwen2");
  CHECK(config->layers == 2);
}

TEST_CASE("gguf config: nonsense is refused by a sentence that names the file and the key") {
  check_refused(read(gguf_of({.layers = 0})), "test.gguf", "'llama.block_count' is 0: expected 1 to 4096");
  check_refused(read(gguf_of({.layers = 4000000000U})), "test.gguf", "'llama.block_count' is 4000000000");
  check_refused(read(gguf_of({.context = 0})), "test.gguf", "'llama.context_length' is 0");
  check_refused(read(gguf_of({.width = 0})), "test.gguf", "'llama.embedding_length' is 0");
  check_refused(read(gguf_of({.mlp = 0})), "test.gguf", "'llama.feed_forward_length' is 0");
  check_refused(read(gguf_of({.heads = 0})), "test.gguf", "'llama.attention.head_count' is 0");
  check_refused(read(gguf_of({.heads = 5})), "test.gguf", "'llama.embedding_length' is 64 and 'llama.attention.head_count' is 5");
  check_refused(read(tests::GgufWriter{}), "test.gguf", "key 'general.architecture' is missing: expected a string");

  struct Case {
    std::function<void(tests::GgufWriter&)> change;
    const char* expected;
  };
  const Case cases[] = {
      {[](auto& w) { w.u32("llama.attention.head_count_kv", 3); }, "'llama.attention.head_count' is 4 and 'llama.attention.head_count_kv' is 3"},
      {[](auto& w) { w.integers("llama.attention.head_count_kv", {2, 2}); }, "key 'llama.attention.head_count_kv' is an array: expected an integer"},
      {[](auto& w) { w.i64("llama.vocab_size", -1); }, "'llama.vocab_size' is -1"},
      {[](auto& w) { w.u64("llama.vocab_size", ~std::uint64_t{0}); }, "key 'llama.vocab_size' is an integer of 2^63 or more"},
      {[](auto& w) { w.u32("llama.attention.key_length", 15); }, "'llama.attention.key_length' is 15: expected an even number"},
      {[](auto& w) { w.u32("llama.rope.dimension_count", 8); }, "'llama.rope.dimension_count' is 8: supported is only the head's width, 16"},
      {[](auto& w) { w.u32("llama.expert_count", 8); }, "'llama.expert_count' is 8: mixtures of experts"},
      {[](auto& w) { w.f32("llama.rope.freq_base", -1); }, "'llama.rope.freq_base' is -1"},
      {[](auto& w) { w.f32("llama.rope.freq_base", std::numeric_limits<float>::quiet_NaN()); }, "'llama.rope.freq_base' is nan"},
      {[](auto& w) { w.text("llama.rope.scaling.type", "longrope"); }, "'llama.rope.scaling.type' is 'longrope'"},
      {[](auto& w) { w.u32("tokenizer.ggml.eos_token_id", 4); }, "'tokenizer.ggml.eos_token_id' is 4: expected 0 to 3"},
      {[](auto& w) { w.u32("split.count", 3); }, "one of 3 parts of a model"},
  };
  for (const Case& c : cases) {
    tests::GgufWriter w = gguf_of();
    c.change(w);
    check_refused(read(w), "test.gguf", c.expected);
  }
}

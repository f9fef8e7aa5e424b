// config.json of GPT-2, GPT-NeoX, BLOOM, GPT-BigCode and StarCoder2: every spelling, every default, every refusal.
#include <cmath>
#include <map>

#include "engine/config.h"
#include "support/catch.h"

namespace {

using engine::Activation;
using engine::ModelConfig;

// Each family's smallest config.json: only what has no default.
const std::map<std::string, std::string> kLeast = {
    {"gpt2", R"("model_type": "gpt2", "vocab_size": 100, "n_embd": 60, "n_layer": 2, "n_head": 4)"},
    {"gpt_bigcode", R"("model_type": "gpt_bigcode", "vocab_size": 100, "n_embd": 60, "n_layer": 2, "n_head": 4)"},
    {"gpt_neox", R"("model_type": "gpt_neox", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 99,
        "num_hidden_layers": 2, "num_attention_heads": 4)"},
    {"bloom", R"("model_type": "bloom", "vocab_size": 100, "hidden_size": 60, "n_layer": 2, "n_head": 4)"},
    {"starcoder2", R"("model_type": "starcoder2", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 99,
        "num_hidden_layers": 2, "num_attention_heads": 4)"},
};

// The smallest config.json and `more`, which has the last word (JSON's later field wins).
base::Result<ModelConfig> read(const std::string& family, const std::string& more) {
  return engine::parse_hf_config("{" + kLeast.at(family) + (more.empty() ? "" : ", ") + more + "}", "config.json");
}

ModelConfig good(const std::string& family, const std::string& more = "") {
  const auto config = read(family, more);
  INFO(family << ", " << more << ": " << (config ? "" : config.error().message));
  REQUIRE(config.has_value());
  return *config;
}

struct Refusal {
  const char* more;
  const char* expected;
};
void check_refused(const std::string& family, const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    const auto config = read(family, refusal.more);
    INFO(family << ", " << refusal.more << "\nexpected: " << refusal.expected);
    REQUIRE_FALSE(config.has_value());
    INFO("message: " << config.error().message);
    CHECK(config.error().message.find(refusal.expected) != std::string::npos);
    CHECK(config.error().message.starts_with("config.json: "));
    CHECK(config.error().message.find('\n') == std::string::npos);
  }
}

}  // namespace

TEST_CASE("hf config: GPT-2 in its own names, and in everyone's") {
  const ModelConfig least = good("gpt2");
  CHECK(least.architecture == "gpt2");
  CHECK(least.width == 60);
  CHECK(least.mlp_width == 240);
  CHECK(least.layers == 2);
  CHECK(least.heads == 4);
  CHECK(least.kv_heads == 4);
  CHECK(least.head_width == 15);  // need not be even: nothing is rotated
  CHECK(least.rotary_width == 0);
  CHECK(least.context_length == 1024);
  CHECK(least.norm_epsilon == 1e-5);
  CHECK(least.activation == Activation::GeluTanh);
  CHECK(least.attention_scale == Approx(1 / std::sqrt(15.0)));
  CHECK_FALSE(least.attention_scale_by_layer);
  CHECK(least.tied_embeddings);
  CHECK(least.attention_bias);
  CHECK(least.mlp_bias);

  const ModelConfig full = good("gpt2", R"("n_inner": 77, "n_ctx": 32, "n_positions": 48, "layer_norm_epsilon": 0.5, "activation_function": "gelu",
      "scale_attn_weights": false, "scale_attn_by_inverse_layer_idx": true, "tie_word_embeddings": false, "reorder_and_upcast_attn": true)");
  CHECK(full.mlp_width == 77);
  CHECK(full.context_length == 48);
  CHECK(full.norm_epsilon == 0.5);
  CHECK(full.activation == Activation::Gelu);
  CHECK(full.attention_scale == 1);
  CHECK(full.attention_scale_by_layer);
  CHECK_FALSE(full.tied_embeddings);
  CHECK(good("gpt2", R"("n_ctx": 32)").context_length == 32);
  CHECK(good("gpt2", R"("n_inner": null)").mlp_width == 240);
  const ModelConfig common = good("gpt2", R"("n_embd": null, "hidden_size": 90, "n_layer": null, "num_hidden_layers": 3, "n_head": null,
      "num_attention_heads": 6, "max_position_embeddings": 99, "model_type": null, "architectures": ["GPT2LMHeadModel"])");
  CHECK(common.architecture == "gpt2");
  CHECK(common.width == 90);
  CHECK(common.layers == 3);
  CHECK(common.heads == 6);
  CHECK(common.context_length == 99);
}

TEST_CASE("hf config: the activations' many names") {
  const std::map<std::string, Activation> names = {
      {"gelu", Activation::Gelu}, {"gelu_new", Activation::GeluTanh}, {"gelu_fast", Activation::GeluTanh},
      {"gelu_pytorch_tanh", Activation::GeluTanh},
      {"silu", Activation::Silu}, {"swish", Activation::Silu}};
  for (const auto& [name, activation] : names) {
    INFO(name);
    CHECK(good("gpt2", R"("activation_function": ")" + name + "\"").activation == activation);
    CHECK(good("gpt_neox", R"("hidden_act": ")" + name + "\"").activation == activation);
  }
}

TEST_CASE("hf config: GPT-BigCode") {
  const ModelConfig least = good("gpt_bigcode");
  CHECK(least.architecture == "gpt_bigcode");
  CHECK(least.kv_heads == 1);
  CHECK(least.activation == Activation::GeluTanh);
  CHECK(least.tied_embeddings);
  CHECK(good("gpt_bigcode", R"("multi_query": false)").kv_heads == 4);
  CHECK(good("gpt_bigcode", R"("scale_attn_weights": false)").attention_scale == 1);
  CHECK(good("gpt_bigcode", R"("model_type": null, "architectures": ["GPTBigCodeForCausalLM"])").architecture == "gpt_bigcode");
}

TEST_CASE("hf config: GPT-NeoX, and every spelling of how much of a head is rotated") {
  const ModelConfig least = good("gpt_neox");
  CHECK(least.architecture == "gpt_neox");
  CHECK(least.mlp_width == 99);
  CHECK(least.head_width == 16);
  CHECK(least.rotary_width == 4);
  CHECK(least.rope.theta == 10000);
  CHECK(least.context_length == 2048);
  CHECK(least.activation == Activation::Gelu);
  CHECK(least.parallel_residual);
  CHECK(least.attention_bias);
  CHECK_FALSE(least.tied_embeddings);

  struct Case {
    const char* more;
    std::int64_t rotated;
    double theta;
  };
  const Case cases[] = {
      {R"("rotary_pct": 1.0, "rotary_emb_base": 500)", 16, 500},
      {R"("rotary_pct": 1, "rotary_emb_base": 500)", 16, 500},
      {R"("rotary_pct": 0.5, "partial_rotary_factor": 0.5)", 8, 10000},  // transformers 4.46 wrote both
      {R"("partial_rotary_factor": 0.75, "rope_theta": 77)", 12, 77},
      {R"("rope_parameters": {"rope_type": "default", "rope_theta": 500, "partial_rotary_factor": 0.5})", 8, 500},
      {R"("rotary_pct": 0.25, "rope_parameters": {"rope_theta": 500, "partial_rotary_factor": 0.5})", 8, 500},  // the newer has the last word
      {R"("rotary_emb_base": 500, "rope_scaling": {"type": "linear", "factor": 2})", 4, 500},
      {R"("rotary_pct": 0.3)", 4, 10000},  // rounded down
  };
  for (const Case& c : cases) {
    INFO(c.more);
    CHECK(good("gpt_neox", c.more).rotary_width == c.rotated);
    CHECK(good("gpt_neox", c.more).rope.theta == c.theta);
  }
  const ModelConfig full = good("gpt_neox", R"("use_parallel_residual": false, "attention_bias": false, "layer_norm_eps": 0.5,
      "tie_word_embeddings": true,
      "max_position_embeddings": 4096, "model_type": null, "architectures": ["GPTNeoXForCausalLM"])");
  CHECK(full.architecture == "gpt_neox");
  CHECK_FALSE(full.parallel_residual);
  CHECK_FALSE(full.attention_bias);
  CHECK(full.norm_epsilon == 0.5);
  CHECK(full.tied_embeddings);
  CHECK(full.context_length == 4096);
}

TEST_CASE("hf config: BLOOM in its older and newer names") {
  const ModelConfig least = good("bloom");
  CHECK(least.architecture == "bloom");
  CHECK(least.mlp_width == 240);
  CHECK(least.rotary_width == 0);
  CHECK(least.context_length == 2048);
  CHECK(least.activation == Activation::GeluTanh);
  CHECK(least.tied_embeddings);
  CHECK_FALSE(least.residual_after_norm);

  const ModelConfig old = good("bloom", R"("hidden_size": null, "n_embed": 90, "n_head": null, "num_attention_heads": 6, "seq_length": 512,
      "layer_norm_epsilon": 0.5, "apply_residual_connection_post_layernorm": true, "tie_word_embeddings": false, "slow_but_exact": true)");
  CHECK(old.width == 90);
  CHECK(old.heads == 6);
  CHECK(old.head_width == 15);
  CHECK(old.context_length == 512);
  CHECK(old.norm_epsilon == 0.5);
  CHECK(old.residual_after_norm);
  CHECK_FALSE(old.tied_embeddings);
}

TEST_CASE("hf config: StarCoder2 with and without a window") {
  const ModelConfig least = good("starcoder2");
  CHECK(least.architecture == "starcoder2");
  CHECK(least.kv_heads == 2);
  CHECK(least.head_width == 16);
  CHECK(least.rotary_width == 16);
  CHECK(least.sliding_window == 0);
  CHECK(least.context_length == 4096);
  CHECK(least.activation == Activation::GeluTanh);
  CHECK(least.attention_bias);
  CHECK(least.mlp_bias);
  CHECK(least.tied_embeddings);

  const ModelConfig full = good("starcoder2", R"("num_key_value_heads": 4, "sliding_window": 4096, "use_bias": false, "hidden_act": "gelu",
      "norm_epsilon": 0.5, "rope_theta": 999999, "max_position_embeddings": 16384, "head_dim": 32, "norm_type": "layer_norm", "mlp_type": "default",
      "tie_word_embeddings": false)");
  CHECK(full.kv_heads == 4);
  CHECK(full.sliding_window == 4096);
  CHECK_FALSE(full.attention_bias);
  CHECK_FALSE(full.mlp_bias);
  CHECK(full.activation == Activation::Gelu);
  CHECK(full.norm_epsilon == 0.5);
  CHECK(full.rope.theta == 999999);
  CHECK(full.head_width == 32);
  CHECK_FALSE(full.tied_embeddings);
  CHECK(good("starcoder2", R"("sliding_window": null)").sliding_window == 0);
}

TEST_CASE("hf config: nonsense of these families is refused by a sentence that names the field") {
  for (const char* family : {"gpt2", "gpt_bigcode"})
    check_refused(family, {
        {R"("n_embd": 0)", "'n_embd' is 0: expected 1 to"},
        {R"("n_embd": -60)", "'n_embd' is -60: expected 1 to"},
        {R"("n_embd": 1000000000000)", "'n_embd' is 1000000000000: expected 1 to"},
        {R"("n_embd": null)", "field 'n_embd' is missing: expected an integer"},
        {R"("n_embd": "60")", "field 'n_embd' is a string: expected an integer"},
        {R"("n_layer": 0)", "'n_layer' is 0: expected 1 to 4096"},
        {R"("n_layer": null, "num_hidden_layers": -2)", "'num_hidden_layers' is -2"},
        {R"("n_head": 0)", "'n_head' is 0"},
        {R"("n_head": 7)", "'n_embd' is 60 and 'n_head' is 7: expected the first to be a multiple of the second"},
        {R"("n_inner": -1)", "'n_inner' is -1"},
        {R"("n_positions": 0)", "'n_positions' is 0"},
        {R"("n_positions": 99999999999)", "'n_positions' is 99999999999"},
        {R"("layer_norm_epsilon": 0)", "'layer_norm_epsilon' is 0: expected a number above 0"},
        {R"("activation_function": "mish")", "'activation_function' is 'mish': supported are gelu,"},
        {R"("activation_function": 3)", "field 'activation_function' is an integer: expected a string"},
        {R"("scale_attn_weights": "yes")", "field 'scale_attn_weights' is a string: expected true or false"},
        {R"("add_cross_attention": true)", "'add_cross_attention' is true: supported is only false"},
        {R"("quantization_config": {})", "'quantization_config' is set"},
        {R"("eos_token_id": 100)", "'eos_token_id' is 100: expected 0 to 99"},
    });
  check_refused("gpt2", {{R"("attention_head_type": "multiquery")",
                          "'attention_head_type' is 'multiquery': expected the checkpoint in its gpt_bigcode form"},
                         {R"("scale_attn_by_inverse_layer_idx": 1)", "field 'scale_attn_by_inverse_layer_idx' is an integer"}});
  check_refused("gpt_bigcode", {{R"("multi_query": 1)", "field 'multi_query' is an integer: expected true or false"}});
  check_refused("gpt_neox", {
      {R"("hidden_size": 0)", "'hidden_size' is 0"},
      {R"("intermediate_size": null)", "field 'intermediate_size' is missing"},
      {R"("num_attention_heads": 5)", "'hidden_size' is 64 and 'num_attention_heads' is 5"},
      {R"("rotary_pct": 0)", "'rotary_pct' is 0: expected a number above 0, at most 1"},
      {R"("rotary_pct": -0.25)", "'rotary_pct' is -0.25: expected a number above 0"},
      {R"("rotary_pct": 1.5)", "'rotary_pct' is 1.5: expected a number above 0, at most 1"},
      {R"("rotary_pct": 1e300)", "'rotary_pct' is 1e+300"},
      {R"("rotary_pct": "all")", "field 'rotary_pct' is a string: expected a number"},
      {R"("rotary_pct": 0.05)", "'rotary_pct' rotates 0 of a head's 16 numbers: expected an even number of them"},
      {R"("rotary_pct": 0.2)", "'rotary_pct' rotates 3 of a head's 16 numbers: expected an even number of them"},
      {R"("rope_parameters": {"partial_rotary_factor": 0.2})", "'rope_parameters.partial_rotary_factor' rotates 3 of"},
      {R"("rotary_emb_base": 0)", "'rotary_emb_base' is 0: expected a number above 0"},
      {R"("rotary_emb_base": -10000)", "'rotary_emb_base' is -10000"},
      {R"("rope_scaling": {"type": "dynamic", "factor": 2})", "'rope_scaling.rope_type' is 'dynamic': supported are"},
      {R"("hidden_act": "relu6")", "'hidden_act' is 'relu6': supported are gelu,"},
      {R"("use_parallel_residual": 0)", "field 'use_parallel_residual' is an integer"},
      {R"("layer_norm_eps": -1)", "'layer_norm_eps' is -1"},
      {R"("quantization_config": {})", "'quantization_config' is set"},
  });
  check_refused("bloom", {
      {R"("hidden_size": null)", "field 'hidden_size' is missing"},
      {R"("hidden_size": null, "n_embed": 0)", "'n_embed' is 0"},
      {R"("n_head": 7)", "'hidden_size' is 60 and 'n_head' is 7"},
      {R"("n_head": -8)", "'n_head' is -8"},
      {R"("seq_length": 0)", "'seq_length' is 0"},
      {R"("layer_norm_epsilon": 2)", "'layer_norm_epsilon' is 2: expected a number above 0, at most 1"},
      {R"("apply_residual_connection_post_layernorm": null, "tie_word_embeddings": 0)", "field 'tie_word_embeddings' is an integer"},
      {R"("quantization_config": {})", "'quantization_config' is set"},
  });
  check_refused("starcoder2", {
      {R"("num_key_value_heads": 3)", "'num_attention_heads' is 4 and 'num_key_value_heads' is 3"},
      {R"("num_key_value_heads": 0)", "'num_key_value_heads' is 0"},
      {R"("sliding_window": 0)", "'sliding_window' is 0: expected 1 to"},
      {R"("sliding_window": -4096)", "'sliding_window' is -4096"},
      {R"("sliding_window": 1e3)", "field 'sliding_window' is a number: expected an integer"},
      {R"("head_dim": 15)", "'head_dim' is 15: expected an even number"},
      {R"("num_attention_heads": 64, "num_key_value_heads": 64)", "'head_dim' is 1: expected an even number from 2"},
      {R"("norm_type": "rms_norm")", "'norm_type' is 'rms_norm': supported is only layer_norm"},
      {R"("mlp_type": "gated")", "'mlp_type' is 'gated': supported is only default"},
      {R"("partial_rotary_factor": 0.5)", "'partial_rotary_factor' is 0.5: supported is only 1"},
      {R"("use_bias": "no")", "field 'use_bias' is a string"},
      {R"("norm_epsilon": 0)", "'norm_epsilon' is 0"},
      {R"("quantization_config": {})", "'quantization_config' is set"},
  });
}

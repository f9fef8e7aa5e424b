// read_gguf_config: the keys of ggml's docs/gguf.md, "LLM", under the architecture's own name.
#include <cmath>

#include "base/utf8.h"
#include "engine/config.h"
#include "engine/config_fields.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

class Reader {
 public:
  explicit Reader(const base::Gguf& file, std::string prefix) : file_(file), path_(file.path().string()), prefix_(std::move(prefix)) {}

  std::string key(std::string_view field) const { return prefix_ + "." + std::string(field); }
  const std::string& path() const { return path_; }
  bool has(std::string_view field) const { return file_.has(key(field)); }

  base::Result<void> integer(std::string_view field, Range range, std::int64_t& into) const {
    auto value = file_.integer(key(field));
    if (value) value = in_range(*value, range, path_, key(field));
    if (!value) return base::forward(value);
    into = *value;
    return {};
  }
  // As integer(), but `into` stays where the key is absent.
  base::Result<void> maybe_integer(std::string_view field, Range range, std::int64_t& into) const {
    return has(field) ? integer(field, range, into) : base::Result<void>{};
  }
  base::Result<void> maybe_positive(std::string_view field, double most, double& into) const {
    if (!has(field)) return {};
    auto value = file_.number(key(field));
    if (value) value = positive(*value, most, path_, key(field));
    if (!value) return base::forward(value);
    into = *value;
    return {};
  }

 private:
  const base::Gguf& file_;
  std::string path_, prefix_;
};

bool has_tensor(const base::Gguf& file, std::string_view name) {
  for (const base::GgufTensor& tensor : file.tensors())
    if (tensor.name == name) return true;
  return false;
}

base::Result<void> read_vocabulary(const base::Gguf& file, const Reader& in, ModelConfig& config) {
  if (in.has("vocab_size")) return in.integer("vocab_size", kVocabulary, config.vocab_size);
  const auto tokens = file.array("tokenizer.ggml.tokens");
  if (!tokens) return base::forward(tokens);
  const auto size = in_range(static_cast<std::int64_t>((*tokens)->size()), kVocabulary, in.path(), "the length of tokenizer.ggml.tokens");
  if (!size) return base::forward(size);
  config.vocab_size = *size;
  return {};
}

base::Result<void> read_shape(const base::Gguf& file, const Reader& in, ModelConfig& config) {
  if (auto done = in.integer("block_count", kLayers, config.layers); !done) return done;
  if (auto done = in.integer("context_length", kContext, config.context_length); !done) return done;
  if (auto done = in.integer("embedding_length", kWidth, config.width); !done) return done;
  if (auto done = in.integer("feed_forward_length", kMlpWidth, config.mlp_width); !done) return done;
  if (auto done = in.integer("attention.head_count", kHeads, config.heads); !done) return done;
  config.kv_heads = config.heads;
  if (auto done = in.maybe_integer("attention.head_count_kv", kHeads, config.kv_heads); !done) return done;
  if (auto done = in.maybe_integer("attention.key_length", kHeadWidth, config.head_width); !done) return done;
  if (auto done = in.maybe_positive("attention.layer_norm_rms_epsilon", 1, config.norm_epsilon); !done) return done;
  return read_vocabulary(file, in, config);
}

base::Result<void> read_rope(const base::Gguf& file, const Reader& in, ModelConfig& config) {
  RopeConfig& rope = config.rope;
  if (auto done = in.maybe_positive("rope.freq_base", 1e15, rope.theta); !done) return done;
  const auto type = file.string_or(in.key("rope.scaling.type"), in.has("rope.scale_linear") ? "linear" : "none");
  if (!type) return base::forward(type);
  if (*type == "none") return {};
  if (*type == "linear") rope.scaling = RopeScaling::Linear;
  else if (*type == "yarn") rope.scaling = RopeScaling::Yarn;
  else
    return fail(ErrorCode::Unsupported, "{}: '{}' is '{}': supported are none, linear and yarn", in.path(), in.key("rope.scaling.type"),
                base::sanitize_utf8(*type));
  if (auto done = in.maybe_positive("rope.scale_linear", 1e6, rope.factor); !done) return done;
  if (auto done = in.maybe_positive("rope.scaling.factor", 1e6, rope.factor); !done) return done;
  rope.original_context = static_cast<double>(config.context_length);
  if (auto done = in.maybe_positive("rope.scaling.original_context_length", double(kContext.most), rope.original_context); !done) return done;
  if (auto done = in.maybe_positive("rope.scaling.yarn_beta_fast", 1e6, rope.beta_fast); !done) return done;
  if (auto done = in.maybe_positive("rope.scaling.yarn_beta_slow", 1e6, rope.beta_slow); !done) return done;
  // ggml multiplies what it derives from the factor by this; RopeConfig wants the product.
  double multiplier = 0;
  if (auto done = in.maybe_positive("rope.scaling.attn_factor", 1e6, multiplier); !done) return done;
  if (auto done = in.maybe_positive("rope.scaling.yarn_attn_factor", 1e6, multiplier); !done) return done;
  if (rope.scaling == RopeScaling::Yarn && multiplier > 0)
    rope.attention_factor = multiplier * (rope.factor <= 1 ? 1 : 0.1 * std::log(rope.factor) + 1);
  return {};
}

// Keys that mean other mathematics than this reader's fields can say.
base::Result<void> refuse_the_unsaid(const base::Gguf& file, const Reader& in, const ModelConfig& config) {
  const auto experts = file.integer_or(in.key("expert_count"), 0);
  if (!experts) return base::forward(experts);
  if (*experts > 0) return fail(ErrorCode::Unsupported, "{}: '{}' is {}: mixtures of experts are not supported", in.path(), in.key("expert_count"), *experts);
  for (const char* field : {"rope.dimension_count", "attention.value_length"}) {
    const auto width = file.integer_or(in.key(field), config.head_width);
    if (!width) return base::forward(width);
    if (*width != config.head_width)
      return fail(ErrorCode::Unsupported, "{}: '{}' is {}: supported is only the head's width, {}", in.path(), in.key(field), *width, config.head_width);
  }
  const auto parts = file.integer_or("split.count", 0);
  if (!parts) return base::forward(parts);
  if (*parts > 1)
    return fail(ErrorCode::Unsupported, "{}: is one of {} parts of a model: join them first (llama-gguf-split --merge)", in.path(), *parts);
  return {};
}

base::Result<void> read_end_ids(const base::Gguf& file, ModelConfig& config) {
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    if (!file.has(key)) continue;
    const auto id = file.integer(key);
    if (!id) return base::forward(id);
    const auto checked = in_range(*id, {0, config.vocab_size - 1}, file.path().string(), key);
    if (!checked) return base::forward(checked);
    config.end_ids.push_back(static_cast<tokenizer::TokenId>(*checked));
  }
  return {};
}

}  // namespace

base::Result<ModelConfig> read_gguf_config(const base::Gguf& file) {
  const auto architecture = file.string("general.architecture");
  if (!architecture) return base::forward(architecture);
  ModelConfig config;
  config.architecture = base::sanitize_utf8(*architecture);
  const auto name = file.string_or("general.name", file.path().stem().string());
  if (!name) return base::forward(name);
  config.name = base::sanitize_utf8(*name);
  const Reader in(file, *architecture);
  if (auto done = read_shape(file, in, config); !done) return base::forward(done);
  if (auto done = read_end_ids(file, config); !done) return base::forward(done);
  const std::string heads = in.key("attention.head_count"), kv_heads = in.key("attention.head_count_kv"),
                    head_width = in.key("attention.key_length"), width = in.key("embedding_length");
  if (auto done = check_shape(config, in.path(), {width, heads, kv_heads, head_width, "tokenizer.ggml.eos_token_id"}); !done) return base::forward(done);
  if (auto done = read_rope(file, in, config); !done) return base::forward(done);
  if (auto done = refuse_the_unsaid(file, in, config); !done) return base::forward(done);
  config.tied_embeddings = !has_tensor(file, "output.weight");
  config.attention_bias = has_tensor(file, "blk.0.attn_q.bias");
  config.mlp_bias = has_tensor(file, "blk.0.ffn_gate.bias");
  return config;
}

}  // namespace engine

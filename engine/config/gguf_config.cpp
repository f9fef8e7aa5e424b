// read_gguf_config: which family a GGUF file holds, and what every family says alike.
#include "base/utf8.h"
#include "engine/config/gguf_families.h"

namespace engine {

using base::ErrorCode;
using base::fail;

namespace {

struct Family {
  std::string_view architecture;
  base::Result<void> (*read)(const GgufReader& in, ModelConfig& config);
};
constexpr Family kFamilies[] = {
    {"bloom", read_gguf_bloom},
    {"gemma", read_gguf_gemma},
    {"gpt2", read_gguf_gpt2},
    {"gptneox", read_gguf_neox},
    {"granite", read_gguf_granite},
    {"llama", read_gguf_llama},
    {"qwen2", read_gguf_llama},
    {"qwen3", read_gguf_llama},
    {"stablelm", read_gguf_stablelm},
    {"starcoder", read_gguf_starcoder},
    {"starcoder2", read_gguf_starcoder2},
};

// An architecture without a reader is read as LLaMA; the registry then says what it runs.
base::Result<void> read_family(const GgufReader& in, ModelConfig& config) {
  for (const Family& family : kFamilies)
    if (family.architecture == config.architecture) return family.read(in, config);
  return read_gguf_llama(in, config);
}

base::Result<void> read_vocabulary(const GgufReader& in, ModelConfig& config) {
  if (in.has("vocab_size")) return in.integer("vocab_size", kVocabulary, config.vocab_size);
  const auto tokens = in.file().array("tokenizer.ggml.tokens");
  if (!tokens) return base::forward(tokens);
  const auto size = in_range(static_cast<std::int64_t>((*tokens)->size()), kVocabulary, in.path(), "the length of tokenizer.ggml.tokens");
  if (!size) return base::forward(size);
  config.vocab_size = *size;
  return {};
}

// What no family's model can do.
base::Result<void> refuse_everywhere(const GgufReader& in) {
  const auto experts = in.file().integer_or(in.key("expert_count"), 0);
  if (!experts) return base::forward(experts);
  if (*experts > 0)
    return fail(ErrorCode::Unsupported, "{}: '{}' is {}: mixtures of experts are not supported", in.path(), in.key("expert_count"), *experts);
  const auto parts = in.file().integer_or("split.count", 0);
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

base::Result<void> read_gguf_sizes(const GgufReader& in, ModelConfig& config) {
  if (auto done = in.integer("block_count", kLayers, config.layers); !done) return done;
  if (auto done = in.integer("context_length", kContext, config.context_length); !done) return done;
  if (auto done = in.integer("embedding_length", kWidth, config.width); !done) return done;
  if (auto done = in.integer("feed_forward_length", kMlpWidth, config.mlp_width); !done) return done;
  if (auto done = in.integer("attention.head_count", kHeads, config.heads); !done) return done;
  config.kv_heads = config.heads;
  if (auto done = in.maybe_integer("attention.head_count_kv", kHeads, config.kv_heads); !done) return done;
  if (auto done = in.maybe_integer("attention.key_length", kHeadWidth, config.head_width); !done) return done;
  return read_vocabulary(in, config);
}

base::Result<void> check_gguf_shape(const GgufReader& in, ModelConfig& config) {
  const std::string width = in.key("embedding_length"), heads = in.key("attention.head_count"), kv_heads = in.key("attention.head_count_kv"),
                    head_width = in.key("attention.key_length");
  return check_shape(config, in.path(), {width, heads, kv_heads, head_width});
}

base::Result<void> expect_gguf_head_width(const GgufReader& in, const ModelConfig& config) {
  for (const char* field : {"rope.dimension_count", "attention.value_length"}) {
    const auto width = in.file().integer_or(in.key(field), config.head_width);
    if (!width) return base::forward(width);
    if (*width != config.head_width)
      return fail(ErrorCode::Unsupported, "{}: '{}' is {}: supported is only the head's width, {}", in.path(), in.key(field), *width,
                  config.head_width);
  }
  return {};
}

base::Result<ModelConfig> read_gguf_config(const base::Gguf& file) {
  const auto architecture = file.string("general.architecture");
  if (!architecture) return base::forward(architecture);
  ModelConfig config;
  config.architecture = base::sanitize_utf8(*architecture);
  const auto name = file.string_or("general.name", file.path().stem().string());
  if (!name) return base::forward(name);
  config.name = base::sanitize_utf8(*name);
  const GgufReader in(file, *architecture);
  if (auto done = read_family(in, config); !done) return base::forward(done);
  if (auto done = read_end_ids(file, config); !done) return base::forward(done);
  if (auto done = refuse_everywhere(in); !done) return base::forward(done);
  config.tied_embeddings = !in.has_tensor("output.weight");
  settle_end_ids(config);
  return config;
}

}  // namespace engine

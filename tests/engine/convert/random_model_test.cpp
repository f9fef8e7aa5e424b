// Random models: of every shape's sizes, the same for the same seed, with weights of the wanted spread, readable as they claim.
#include <cmath>

#include "base/files.h"
#include "engine/convert/gguf_metadata.h"
#include "engine/convert/random_model.h"
#include "engine/convert/random_weights.h"
#include "engine/convert/shapes.h"
#include "engine/convert/tensor_plan.h"
#include "engine/weights/gguf_blocks.h"
#include "engine/weights/source.h"
#include "support/catch.h"
#include "support/temp_folder.h"
#include "tokenizer/fim.h"
#include "tokenizer/load.h"

namespace {

using base::GgmlType;
using engine::ModelConfig;

ModelConfig small() {
  ModelConfig config = *engine::find_shape("smollm2-135m");
  config.layers = 2, config.width = 64, config.mlp_width = 96, config.heads = 4, config.kv_heads = 2, config.vocab_size = 600;
  config.head_width = config.rotary_width = 16;
  return config;
}

double parameters(const ModelConfig& config) {
  double sum = 0;
  const auto plan = engine::tensor_plan(config);
  for (const auto& tensor : *plan) {
    double count = 1;
    for (const auto size : tensor.shape) count *= double(size);
    sum += count;
  }
  return sum / 1e6;
}

}  // namespace

TEST_CASE("shapes have the parameters their models are known for") {
  for (const auto& [name, millions] : {std::pair{"llama-10m", 10.3}, {"smollm2-135m", 134.5}, {"smollm2-360m", 361.8}, {"smollm2-1.7b", 1711.4},
                                       {"deepseek-coder-1.3b", 1346.5}, {"codellama-7b", 6738.5}, {"qwen2.5-coder-0.5b", 494.0}, {"qwen2.5-coder-1.5b", 1543.7},
                                       {"qwen2.5-coder-3b", 3085.9}, {"qwen2.5-coder-7b", 7615.6}}) {
    const double counted = parameters(*engine::find_shape(name));
    INFO(name << " " << counted);
    CHECK(std::abs(counted - millions) / millions < 0.01);
  }
  CHECK(engine::shape_names().size() == 10);
  CHECK_THAT(engine::find_shape("gpt-5").error().message, Catch::Matchers::Contains("smollm2-135m"));
}

TEST_CASE("random weights spread as wanted in every type and depend on the seed alone") {
  for (const GgmlType type : {GgmlType::F32, GgmlType::F16, GgmlType::BF16, GgmlType::Q8_0, GgmlType::Q4_0, GgmlType::Q4_1, GgmlType::Q4_K}) {
    const auto block = *base::ggml_block(type);
    std::vector<std::byte> bytes(256 * 256 / block.elements * block.bytes), again(bytes.size()), other(bytes.size());
    engine::RandomWeights(7).fill(type, 0.05F, bytes);
    engine::RandomWeights(7).fill(type, 0.05F, again);
    engine::RandomWeights(8).fill(type, 0.05F, other);
    CHECK(bytes == again);
    CHECK(bytes != other);
    std::vector<float> weights(256 * 256);
    REQUIRE(engine::dequantize(type, bytes, weights));
    double sum = 0, squares = 0;
    for (const float w : weights) sum += double(w), squares += double(w) * double(w);
    INFO(block.name << " mean " << sum / 65536 << " deviation " << std::sqrt(squares / 65536));
    CHECK(std::abs(sum / 65536) < 0.002);
    CHECK(std::abs(std::sqrt(squares / 65536) - 0.05) < 0.003);
  }
}

TEST_CASE("a random model is a model: configuration, vocabulary and every tensor, as folder and as GGUF") {
  const tests::TempFolder folder;
  for (const char* name : {"folder", "model.gguf"}) {
    const auto path = folder.path() / name;
    const bool gguf = path.extension() == ".gguf";
    REQUIRE(engine::write_random_model({.config = small(), .type = gguf ? GgmlType::Q8_0 : GgmlType::BF16, .path = path}, {}));
    const auto file = gguf ? base::Gguf::open(path) : base::Result<base::Gguf>();
    const auto config = gguf ? engine::read_gguf_config(*file) : engine::read_hf_config(path);
    REQUIRE(config);
    CHECK(config->width == 64);
    CHECK(config->kv_heads == 2);
    CHECK(config->rope.theta == 1e5);
    CHECK(config->tied_embeddings);
    const auto weights = engine::open_weights(path);
    REQUIRE(weights);
    const auto plan = engine::tensor_plan(small());
    for (const auto& tensor : *plan) {
      const auto* view = (*weights)->find(gguf ? tensor.gguf : tensor.hugging_face);
      INFO(tensor.gguf);
      REQUIRE(view);
      CHECK(view->shape == tensor.shape);
    }
    const auto vocabulary = tokenizer::load_tokenizer(path);
    REQUIRE(vocabulary);
    CHECK((*vocabulary)->vocab_size() == 600);
    const std::string text = "def main(self):\n        return naïve\n";
    const auto ids = (*vocabulary)->encode(text);
    CHECK(ids.size() < text.size() / 2 + 4);  // words of code are tokens
    CHECK((*vocabulary)->decode(ids) == text);
    CHECK(tokenizer::probe_fim(**vocabulary));
  }
  CHECK_FALSE(engine::write_random_model({.config = small(), .type = GgmlType::Q4_0, .path = folder.path() / "q"}, {}));
  ModelConfig gpt = small();
  gpt.architecture = "starcoder9";
  CHECK_THAT(engine::write_random_model({.config = gpt, .path = folder.path() / "g"}, {}).error().message, Catch::Matchers::Contains("'starcoder9'"));
}

// What `model info` foretells of a model's memory is what a loaded one has: for every checkpoint of tests/parity/data, in both
// kinds of file, at each quantisation and dtype; and for SmolLM2's quantised GGUF.
#include "engine/weights/resident.h"

#include <filesystem>
#include <set>

#include "base/formats/gguf.h"
#include "engine/decode/packable.h"
#include "engine/models/registry.h"
#include "engine/torch/load_parameters.h"
#include "support/catch.h"
#include "support/weights.h"

namespace {

namespace fs = std::filesystem;
using engine::Quant;

engine::ModelConfig config_of(const fs::path& path) {
  auto config = path.extension() == ".gguf" ? engine::read_gguf_config(*base::Gguf::open(path)) : engine::read_hf_config(path);
  if (!config) FAIL(config.error().message);
  return *config;
}

void compare(const fs::path& path, Quant quant, torch::Dtype dtype, bool pack = false) {
  const torch::InferenceMode inference;
  const engine::ModelConfig config = config_of(path);
  const auto source = engine::open_weights(path);
  if (!source) FAIL(source.error().message);
  const auto model = engine::make_model(config);
  if (!model) FAIL(model.error().message);
  engine::Team team(2);
  const bool packed = pack && engine::packable(config) && engine::all_grouped(**model, **source, quant);
  if (packed) dtype = torch::kFloat32;
  const auto loaded = engine::load_parameters(**model, **source, {torch::kCPU, dtype, quant, packed ? &team : nullptr}, {}, {});
  if (!loaded) FAIL(loaded.error().message);
  std::int64_t held = 0;  // counted from the parts themselves, each once
  std::set<const engine::Linear*> matrices;
  for (const engine::Slot& slot : (*model)->slots())
    if (slot.matrix && matrices.insert(slot.matrix).second) held += slot.matrix->bytes();
  const auto foretold = engine::resident_weights(**source, config, {quant, std::int64_t(torch::elementSize(dtype)), pack});
  if (!foretold) FAIL(foretold.error().message);
  INFO(path.string() << " at quant " << int(quant) << " in " << torch::toString(dtype) << (packed ? ", packed" : ""));
  CHECK(foretold->packed == packed);
  CHECK(foretold->bytes == loaded->resident_bytes);
  CHECK(foretold->parameters == loaded->parameters);
  CHECK(held > 0);
  CHECK(held <= loaded->resident_bytes);
}

void compare_all(const fs::path& path) {
  for (const Quant quant : {Quant::Auto, Quant::None, Quant::Int8, Quant::Int4})
    for (const torch::Dtype dtype : {torch::kFloat32, torch::kBFloat16}) compare(path, quant, dtype), compare(path, quant, dtype, /*pack=*/true);
}

}  // namespace

TEST_CASE("memory foretold is memory taken, for every checkpoint") {
  int files = 0;
  for (const auto& folder : fs::directory_iterator(fs::path(RIGPILOT_SOURCE_DIR) / "tests/parity/data")) {
    compare_all(folder.path());
    ++files;
    if (const fs::path gguf = folder.path() / "model.gguf"; fs::exists(gguf)) compare_all(gguf), ++files;
  }
  CHECK(files > 50);
}

TEST_CASE("memory foretold is memory taken, for SmolLM2's groups", "[weights]") {
  const auto path = tests::smollm2();
  if (!path) {
    WARN("SmolLM2's weights are not here: scripts/get-weights installs them");
    return;
  }
  for (const Quant quant : {Quant::Auto, Quant::Int8, Quant::Int4}) compare(*path, quant, torch::kFloat32), compare(*path, quant, torch::kFloat32, /*pack=*/true);
}

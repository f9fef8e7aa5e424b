#include "engine/torch/load_model.h"

#include <algorithm>
#include <chrono>

#include "engine/decode/packable.h"
#include "engine/models/packed_model.h"
#include "engine/models/registry.h"
#include "engine/threads/team.h"
#include "engine/torch/device.h"
#include "engine/torch/load_parameters.h"
#include "engine/weights/source.h"

namespace engine {
namespace {

ModelInfo describe(const ModelConfig& config, const Loaded& loaded, const LoadOptions& options, torch::Device device, torch::Dtype dtype) {
  ModelInfo info;
  info.architecture = config.architecture;
  info.name = config.name.empty() ? options.path.filename().string() : config.name;
  info.parameters = loaded.parameters;
  info.vocab_size = config.vocab_size;
  info.context_length = options.max_context > 0 ? std::min(options.max_context, config.context_length) : config.context_length;
  info.layers = config.layers, info.width = config.width;
  info.heads = config.heads, info.kv_heads = config.kv_heads, info.head_width = config.head_width;
  info.device = device.str(), info.dtype = dtype_name(dtype);
  switch (options.quant) {
    case Quant::Auto: info.quant = loaded.stored_as.starts_with('q') ? loaded.stored_as : "none"; break;
    case Quant::None: info.quant = "none"; break;
    case Quant::Int8: info.quant = "int8"; break;
    case Quant::Int4: info.quant = "int4"; break;
  }
  info.resident_bytes = loaded.resident_bytes;
  info.end_ids = config.end_ids;
  return info;
}

base::Result<ModelConfig> read_config(const std::filesystem::path& path) {
  if (path.extension() != ".gguf") return read_hf_config(path);
  auto file = base::Gguf::open(path);
  if (!file) return base::forward(file);
  return read_gguf_config(*file);
}

}  // namespace

base::Result<LoadedModel> load_model(const LoadOptions& options, const Progress& progress, std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  auto device = choose_device(options.device);
  if (!device) return base::forward(device);
  auto dtype = choose_dtype(options.dtype, *device);
  if (!dtype) return base::forward(dtype);
  auto config = read_config(options.path);
  if (!config) return base::forward(config);
  auto model = make_model(*config);
  if (!model) return base::forward(model, options.path.string());
  auto source = open_weights(options.path);
  if (!source) return base::forward(source);
  // Quantised weights on the CPU have loops of their own, with int8 activations; a dtype that is asked for is kept to.
  const bool packed =
      device->is_cpu() && options.dtype == "auto" && (*model)->parts() && packable(*config) && all_grouped(**model, **source, options.quant);
  if (packed) *dtype = torch::kFloat32;  // of norms and biases
  auto team = packed ? std::make_unique<Team>(options.threads > 0 ? options.threads : team_size()) : nullptr;
  Arena arena;
  auto loaded = load_parameters(**model, **source, {*device, *dtype, options.quant, team.get(), &arena}, progress, stop);
  if (!loaded) return base::forward(loaded);
  (*model)->ready(*device, *dtype, loaded->rope_factors);
  if (packed) *model = pack(std::move(*model), std::move(team), arena.chunks());
  ModelInfo info = describe(*config, *loaded, options, *device, *dtype);
  if (packed) info.dtype = "int8", *dtype = torch::kFloat16;  // of keys and values
  info.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return LoadedModel{std::move(*model), std::move(info), *device, *dtype};
}

}  // namespace engine

#include "app/model_facts.h"

#include <algorithm>

#include "app/store.h"
#include "base/machine.h"
#include "engine/weights/resident.h"

namespace app {
namespace {

base::Result<engine::ModelConfig> read_config(const std::filesystem::path& path) {
  if (path.extension() != ".gguf") return engine::read_hf_config(path);
  const auto file = base::Gguf::open(path);
  if (!file) return base::forward(file);
  return engine::read_gguf_config(*file);
}

// As the loader chooses on the host; whether a GPU multiplies bf16 only libtorch knows, but both take two bytes.
std::string chosen_dtype(const std::string& asked, const std::string& device, const base::Machine& machine) {
  if (asked == "f32") return "float32";
  if (asked == "f16") return "float16";
  if (asked == "bf16" || device.starts_with("cuda")) return "bfloat16";
  return base::multiplies_bf16(machine) ? "bfloat16" : "float32";
}

std::string chosen_quant(const std::string& asked, const engine::WeightSource& source) {
  if (asked != "auto") return asked;
  const std::string stored = engine::stored_type(source);
  return stored.starts_with('q') ? stored : "none";
}

bool may_have_gpu() {
  std::error_code ignored;
  for (const char* node : {"/dev/nvidiactl", "/dev/kfd", "/dev/dxg"})
    if (std::filesystem::exists(node, ignored)) return true;
  return false;
}

// The host and the GPUs that libtorch sees.
std::vector<DeviceFit> devices_of(const base::Machine& machine) {
  std::vector<DeviceFit> out{{"cpu", 0, machine.available_bytes}};
  if (!may_have_gpu()) return out;
  if (const auto backend = engine::backend_info())
    for (const engine::DeviceInfo& device : backend->devices)
      if (device.name != "cpu") out.push_back({device.name, 0, device.memory_bytes});
  return out;
}

// As the loader chooses: "auto" is the first GPU, else the host.
std::string chosen_device(const std::string& asked, const std::vector<DeviceFit>& devices) {
  if (asked == "auto") return devices.size() > 1 ? devices[1].device : "cpu";
  return asked == "cuda" ? "cuda:0" : asked;
}

std::int64_t bytes_of_dtype(const std::string& dtype) { return dtype == "float32" ? 4 : 2; }

}  // namespace

base::Result<Facts> examine_model_file(const ModelOptions& options) {
  const auto path = find_model(options.model);
  if (!path) return base::forward(path);
  const auto config = read_config(*path);
  if (!config) return base::forward(config);
  const auto source = engine::open_weights(*path);
  if (!source) return base::forward(source);
  const base::Machine machine = base::describe_machine();

  Facts facts{.path = path->string(), .info = {}, .needs = {}, .devices = devices_of(machine), .tokenizer = load_tokenizer_only(options), .fim = {}};
  facts.memory_bytes = machine.memory_bytes, facts.available_bytes = machine.available_bytes;
  engine::ModelInfo& info = facts.info;
  info.architecture = config->architecture;
  info.name = config->name.empty() ? path->filename().string() : config->name;
  info.vocab_size = config->vocab_size, info.context_length = config->context_length;
  info.layers = config->layers, info.width = config->width;
  info.heads = config->heads, info.kv_heads = config->kv_heads, info.head_width = config->head_width;
  info.device = chosen_device(options.device, facts.devices);
  info.dtype = chosen_dtype(options.dtype, info.device, machine);
  info.quant = chosen_quant(options.quant, **source);
  const std::int64_t dtype_bytes = bytes_of_dtype(info.dtype);
  const std::int64_t kv_numbers = 2 * 1024 * config->layers * config->kv_heads * config->head_width;
  const auto may_pack = [&](const std::string& device) { return device == "cpu" && options.dtype == "auto"; };
  for (const char* quant : {"auto", "none", "int8", "int4"}) {
    const auto need = engine::resident_weights(**source, *config, {*engine::parse_quant(quant), dtype_bytes, may_pack(info.device)});
    if (!need) return base::forward(need, facts.path);
    facts.needs.push_back({quant, need->bytes});
    info.parameters = need->parameters;
    if (options.quant != quant) continue;
    info.resident_bytes = need->bytes;
    if (need->packed) info.dtype = "int8";
    facts.kv_bytes_1024 = kv_numbers * (need->packed ? 2 : dtype_bytes);
  }
  for (DeviceFit& device : facts.devices) {
    const std::int64_t each = bytes_of_dtype(chosen_dtype(options.dtype, device.device, machine));
    const auto need = engine::resident_weights(**source, *config, {*engine::parse_quant(options.quant), each, may_pack(device.device)});
    if (!need) return base::forward(need, facts.path);
    device.bytes = need->bytes + kv_numbers * (need->packed ? 2 : each);
  }
  if (facts.tokenizer) facts.fim = tokenizer::probe_fim(**facts.tokenizer);
  return facts;
}

}  // namespace app

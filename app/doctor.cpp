// What this machine offers, which model it would run, what is wrong and how to mend it: `rigpilot doctor`.
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "app/command.h"
#include "app/console.h"
#include "app/load.h"
#include "app/store.h"
#include "base/machine.h"
#include "engine/kernels/kernels.h"
#include "engine/load.h"
#include "tokenizer/fim.h"
#include "tokenizer/load.h"

namespace app {
namespace {

struct Findings {
  base::Machine machine;
  double bandwidth = 0;  // bytes a second
  base::Result<engine::BackendInfo> backend;
  base::Result<std::filesystem::path> model;
  std::uintmax_t model_bytes = 0;
  std::vector<std::string> advice;
};

bool has(const base::Machine& machine, std::string_view feature) {
  return std::find(machine.features.begin(), machine.features.end(), feature) != machine.features.end();
}

// What stands in the way of suggestions from the model, and what would mend it.
void examine_model(const std::string& wanted, Findings& found) {
  found.model = find_model(wanted);
  if (!found.model) return found.advice.push_back(found.model.error().message);
  found.model_bytes = model_bytes(*found.model);
  const auto tokenizer = tokenizer::load_tokenizer(*found.model);
  if (!tokenizer)
    found.advice.push_back(tokenizer.error().message);
  else if (!tokenizer::probe_fim(**tokenizer))
    found.advice.push_back(
        "the model has no fill-in-the-middle tokens, so suggestions see only what stands before the cursor: "
        "a code model such as "
        "DeepSeek-Coder or CodeLlama has them");
}

bool exists(const char* path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// A GPU that the system has and libtorch does not see is worth a word; a machine without one is not ill.
void examine_gpu(Findings& found) {
  if (!found.backend || found.backend->devices.size() > 1) return;
  if (exists("/dev/nvidia0"))
    found.advice.push_back(
        "there is an NVIDIA GPU, but this libtorch cannot use it: run scripts/setup with Torch_DIR at a CUDA "
        "build of libtorch");
  else if (exists("/dev/kfd"))
    found.advice.push_back(
        "there is an AMD GPU, but this libtorch cannot use it: run scripts/setup with Torch_DIR at a ROCm "
        "build of libtorch");
}

Findings examine(const std::string& wanted) {
  Findings found{base::describe_machine(), base::measure_read_bandwidth(), engine::backend_info(), {}, 0, {}};
  examine_model(wanted, found);
  examine_gpu(found);
  if (!found.backend) found.advice.push_back(found.backend.error().message);
  if (!has(found.machine, "avx2"))
    found.advice.push_back("the processor has no AVX2: the portable kernels are several times slower");
  if (double(found.model_bytes) * 1.3 > double(found.machine.available_bytes))
    found.advice.push_back(fmt::format("the model takes {}, of memory only {} is free: choose a smaller one",
                                       human_bytes(double(found.model_bytes)),
                                       human_bytes(double(found.machine.available_bytes))));
  return found;
}

base::Json as_json(const Findings& found) {
  base::Json devices = base::Json::array();
  if (found.backend)
    for (const engine::DeviceInfo& device : found.backend->devices)
      devices.push_back({{"name", device.name},
                         {"description", device.description},
                         {"memory_bytes", device.memory_bytes}});
  base::Json out = {{"processor", found.machine.processor},
                    {"features", found.machine.features},
                    {"threads", found.machine.threads},
                    {"memory_bytes", found.machine.memory_bytes},
                    {"available_bytes", found.machine.available_bytes},
                    {"read_bandwidth", found.bandwidth},
                    {"model_bytes", found.model_bytes},
                    {"kernels", std::string(engine::kernels().name)},
                    {"devices", devices},
                    {"advice", found.advice}};
  out["libtorch"] = found.backend ? base::Json(found.backend->torch_version) : base::Json(nullptr);
  out["fast_bf16"] = found.backend ? base::Json(found.backend->fast_bf16) : base::Json(nullptr);
  out["model"] = found.model ? base::Json(found.model->string()) : base::Json(nullptr);
  return out;
}

std::string as_text(const Findings& found) {
  const base::Machine& m = found.machine;
  std::string out =
      fmt::format("processor   {}, {} threads\n", m.processor.empty() ? "unknown" : m.processor, m.threads);
  out += fmt::format("features    {} (kernels: {})\n", fmt::join(m.features, " "), engine::kernels().name);
  out += fmt::format("memory      {}, {} free, read at {:.1f} GB/s\n", human_bytes(double(m.memory_bytes)),
                     human_bytes(double(m.available_bytes)), found.bandwidth / 1e9);
  if (found.backend) {
    out += fmt::format("libtorch    {}, {}, bf16 {}\n", found.backend->torch_version,
                       found.backend->cpu_capability,
                       found.backend->fast_bf16 ? "multiplied natively" : "not native: computing in f32");
    for (const engine::DeviceInfo& device : found.backend->devices)
      out += fmt::format("device      {}: {}\n", device.name, device.description);
  }
  if (found.model) {
    out +=
        fmt::format("model       {} ({})\n", found.model->string(), human_bytes(double(found.model_bytes)));
    if (found.model_bytes > 0)
      out += fmt::format("            at most {:.0f} tokens a second at this bandwidth\n",
                         found.bandwidth / double(found.model_bytes));
  }
  for (const std::string& sentence : found.advice) out += fmt::format("advice      {}\n", sentence);
  return out;
}

}  // namespace

void add_doctor(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand(
      "doctor", "What this machine offers, which model it would run, what is wrong and how to mend it.");
  auto json = std::make_shared<bool>(false);
  auto options = std::make_shared<ModelOptions>();
  command.add_flag("--json", *json, "one line of JSON; what is wrong stands in advice");
  add_model_name(command, *options);
  command.footer(R"(Examples:
  rigpilot doctor
  rigpilot doctor --model ~/models/some-coder.gguf    would it fit, and how fast could it be?)");
  command.callback([&run, json, options] {
    run = [json, options] {
      const Findings found = examine(options->model);
      if (*json)
        print_json(as_json(found));
      else
        print(as_text(found));
      return found.backend && found.model ? kDone : kFailed;  // whether anything could run
    };
  });
}

}  // namespace app

// What a model is: `rigpilot model info`; and the family of `rigpilot model` commands.
#include <memory>
#include <optional>

#include "app/command.h"
#include "app/console.h"
#include "app/model_commands.h"
#include "app/model_facts.h"

namespace app {
namespace {

base::Json as_json(const Facts& facts) {
  const engine::ModelInfo& info = facts.info;
  base::Json out = {{"name", info.name},
                    {"path", facts.path},
                    {"architecture", info.architecture},
                    {"parameters", info.parameters},
                    {"context", info.context_length},
                    {"vocabulary", info.vocab_size},
                    {"layers", info.layers},
                    {"width", info.width},
                    {"heads", info.heads},
                    {"kv_heads", info.kv_heads},
                    {"head_width", info.head_width},
                    {"device", info.device},
                    {"dtype", info.dtype},
                    {"quant", info.quant},
                    {"memory_bytes", info.resident_bytes},
                    {"kv_bytes_1024", facts.kv_bytes_1024}};
  base::Json needs = base::Json::object(), fits = base::Json::object();
  for (const MemoryNeed& need : facts.needs) {
    needs[need.quant] = need.bytes;
    fits[need.quant] = need.bytes + facts.kv_bytes_1024 < facts.available_bytes;
  }
  out["memory_at_quant"] = needs;
  out["fits_host"] = fits;
  out["fits"] = base::Json::object();
  for (const DeviceFit& device : facts.devices) out["fits"][device.device] = device.fits() ? base::Json(*device.fits()) : base::Json(nullptr);
  out["tokenizer"] = facts.tokenizer ? base::Json((*facts.tokenizer)->vocab_size()) : base::Json(nullptr);
  out["fill_in_the_middle"] = facts.fim ? base::Json(std::string(facts.fim->family)) : base::Json(nullptr);
  out["other_files"] = facts.fim && facts.fim->repository ? base::Json(std::string(facts.fim->repository.name)) : base::Json(nullptr);
  return out;
}

std::string as_text(const Facts& facts) {
  const engine::ModelInfo& i = facts.info;
  std::string out = fmt::format("{}\n", i.name);
  const auto line = [&](std::string_view what, const std::string& value) {
    out += fmt::format("  {:<18}  {}\n", what, value);
  };
  line("path", facts.path);
  line("architecture",
       fmt::format("{}, {:.1f} M parameters, {} layers of width {}, {} heads ({} for keys and values)",
                   i.architecture, double(i.parameters) / 1e6, i.layers, i.width, i.heads, i.kv_heads));
  line("context", fmt::format("{} tokens", i.context_length));
  line("vocabulary", fmt::format("{} tokens", i.vocab_size));
  line("weights", fmt::format("{} as {}, computing in {} on {}", human_bytes(double(i.resident_bytes)), i.quant == "none" ? i.dtype : i.quant,
                              i.dtype, i.device));
  for (const MemoryNeed& need : facts.needs)
    line("--quant " + need.quant, fmt::format("{} of memory: {}", human_bytes(double(need.bytes)),
                                              need.bytes + facts.kv_bytes_1024 < facts.available_bytes ? "fits" : "more than is free"));
  line("keys and values", fmt::format("{} for 1,024 tokens", human_bytes(double(facts.kv_bytes_1024))));
  line("this machine", fmt::format("{} of memory, {} free", human_bytes(double(facts.memory_bytes)), human_bytes(double(facts.available_bytes))));
  for (const DeviceFit& device : facts.devices)
    line("on " + device.device,
         device.fits() ? fmt::format("{} with 1,024 tokens, of {}: {}", human_bytes(double(device.bytes)), human_bytes(double(device.room)),
                                     *device.fits() ? "fits" : "does not fit")
                       : fmt::format("{} with 1,024 tokens; this libtorch does not tell the device's memory", human_bytes(double(device.bytes))));
  if (!facts.tokenizer)
    line("tokenizer", fmt::format("none ({}): only --ids can be used", facts.tokenizer.error().message));
  else
    line("fill in the middle", facts.fim
                                   ? fmt::format("yes, {} layout", facts.fim->family)
                                   : std::string("no: suggestions see only what stands before the cursor"));
  if (facts.fim) line("other files", tokenizer::describe(facts.fim->repository, **facts.tokenizer));
  return out;
}

int info(const ModelOptions& options, bool json) {
  const auto facts = examine_model_file(options);
  if (!facts) return report(facts.error());
  if (json)
    print_json(as_json(*facts));
  else
    print(as_text(*facts));
  return kDone;
}

}  // namespace

void add_model(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("model", "The models on this machine.");
  command.require_subcommand(1);
  auto json = std::make_shared<bool>(false);

  add_model_list(command, run);
  add_model_pull(command, run);
  add_model_remove(command, run);

  CLI::App& about = *command.add_subcommand("info", "What a model is, what it needs, and what it can do.");
  auto options = std::make_shared<ModelOptions>();
  about.add_option("name", options->model, "a Hugging Face folder, a .gguf file or a name in the store")
      ->type_name("MODEL");
  add_model_options(about, *options);
  about.add_flag("--json", *json, "one line of JSON");
  about.callback([&run, options, json] { run = [options, json] { return info(*options, *json); }; });
  add_model_quantize(command, run);
  add_model_random(command, run);
  command.footer(R"(Examples:
  rigpilot model list
  rigpilot model pull Qwen/Qwen2.5-Coder-0.5B
  rigpilot model info SmolLM2-135M-Instruct.Q4_1
  rigpilot model info ./Qwen2.5-Coder-0.5B --quant int8
  rigpilot model quantize ./SmolLM2-135M small.gguf --quant int4
  rigpilot model random --like smollm2-135m /tmp/small.gguf)");
}

}  // namespace app

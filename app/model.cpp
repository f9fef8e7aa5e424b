// The model store and what a model is: `rigpilot model list` and `rigpilot model info`.
#include <memory>

#include "app/command.h"
#include "app/console.h"
#include "app/load.h"
#include "app/store.h"

namespace app {
namespace {

int list(bool json) {
  const std::vector<StoredModel> models = list_models();
  if (json) {
    base::Json out = base::Json::array();
    for (const StoredModel& model : models)
      out.push_back({{"name", model.name}, {"path", model.path.string()}, {"format", model.format}, {"bytes", model.bytes}});
    print_json({{"store", store_folder().string()}, {"models", out}});
    return kDone;
  }
  if (models.empty()) note(fmt::format("no models in {}: put a .gguf file or a Hugging Face folder there (scripts/get-weights gets a small one)", store_folder().string()));
  for (const StoredModel& model : models) print(fmt::format("{:<40} {:>10}  {}\n", model.name, human_bytes(double(model.bytes)), model.format));
  return kDone;
}

base::Json describe(const lsp::Model& model) {
  const engine::ModelInfo& info = model.engine->info();
  base::Json out = {{"name", model.name},           {"architecture", info.architecture}, {"parameters", info.parameters},
                    {"context", info.context_length}, {"vocabulary", info.vocab_size},     {"layers", info.layers},
                    {"width", info.width},           {"heads", info.heads},               {"kv_heads", info.kv_heads},
                    {"device", info.device},         {"dtype", info.dtype},               {"quant", info.quant},
                    {"memory_bytes", info.resident_bytes}, {"load_ms", info.load_ms}};
  out["fill_in_the_middle"] = model.fim ? base::Json(std::string(model.fim->family)) : base::Json(nullptr);
  return out;
}

int info(const ModelOptions& options, bool json) {
  auto model = load_model(options);
  if (!model) return report(model.error());
  const base::Json facts = describe(**model);
  if (json) {
    print_json(facts);
    return kDone;
  }
  const engine::ModelInfo& i = (*model)->engine->info();
  print(fmt::format("{}\n  architecture        {}, {:.1f} M parameters, {} layers of width {}, {} heads ({} for keys and values)\n", (*model)->name, i.architecture,
                    double(i.parameters) / 1e6, i.layers, i.width, i.heads, i.kv_heads));
  print(fmt::format("  context             {} tokens, vocabulary {}\n", i.context_length, i.vocab_size));
  print(fmt::format("  in memory           {} as {}, computing in {} on {}\n", human_bytes(double(i.resident_bytes)), i.quant == "none" ? i.dtype : i.quant, i.dtype, i.device));
  print(fmt::format("  fill in the middle  {}\n", (*model)->fim ? fmt::format("yes ({} layout)", (*model)->fim->family) : "no: suggestions see only what stands before the cursor"));
  print(fmt::format("  loaded in           {:.0f} ms\n", i.load_ms));
  return kDone;
}

}  // namespace

void add_model(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("model", "The models on this machine.");
  command.require_subcommand(1);
  auto json = std::make_shared<bool>(false);

  CLI::App& listing = *command.add_subcommand("list", "The models in the store.");
  listing.add_flag("--json", *json, "one line of JSON");
  listing.callback([&run, json] { run = [json] { return list(*json); }; });

  CLI::App& about = *command.add_subcommand("info", "What a model is, what it needs, and what it can do.");
  auto options = std::make_shared<ModelOptions>();
  about.add_option("name", options->model, "a Hugging Face folder, a .gguf file or a name in the store")->type_name("MODEL");
  add_model_options(about, *options);
  about.add_flag("--json", *json, "one line of JSON");
  about.callback([&run, options, json] { run = [options, json] { return info(*options, *json); }; });
  command.footer(R"(Examples:
  rigpilot model list
  rigpilot model info SmolLM2-135M-Instruct.Q4_1
  rigpilot model info ./Qwen2.5-Coder-0.5B --quant int8)");
}

}  // namespace app

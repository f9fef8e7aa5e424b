// `rigpilot model list`: the models on this machine, how large, and where; parts of those being fetched.
#include <memory>

#include "app/console.h"
#include "app/model_commands.h"
#include "app/store.h"

namespace app {
namespace {

int list_as_json(const std::vector<StoredModel>& models, const std::vector<PartialModel>& partial) {
  base::Json out = base::Json::array(), parts = base::Json::array();
  for (const StoredModel& model : models)
    out.push_back({{"name", model.name},
                   {"path", model.path.string()},
                   {"format", model.format},
                   {"bytes", model.bytes},
                   {"where", model.in_store ? "store" : model.name == "default" ? "program" : "hugging face cache"}});
  for (const PartialModel& part : partial)
    parts.push_back({{"name", part.name}, {"path", part.folder.string()}, {"bytes", part.bytes}, {"of", part.of}});
  print_json({{"store", store_folder().string()}, {"models", out}, {"partial", parts}});
  return kDone;
}

int list(bool json) {
  std::vector<StoredModel> models = list_models();
  const std::vector<StoredModel> cached = cached_by_hub();
  for (const StoredModel& model : cached) {
    bool known = false;
    for (const StoredModel& own : models) known = known || own.name == model.name;
    if (!known) models.push_back(model);
  }
  if (auto own = default_model()) models.insert(models.begin(), *std::move(own));
  const std::vector<PartialModel> partial = list_partial();
  if (json) return list_as_json(models, partial);
  if (models.empty() && partial.empty())
    note(fmt::format("no models in {}: fetch one with `rigpilot model pull OWNER/NAME`, or put a .gguf file or a "
                     "Hugging Face folder there (scripts/get-weights gets a small one)",
                     store_folder().string()));
  for (const StoredModel& model : models)
    print(fmt::format("{:<40} {:>10}  {:<11}  {}\n", model.name, human_bytes(double(model.bytes)), model.format,
                      model.path.string()));
  for (const PartialModel& part : partial)
    print(fmt::format("{:<40} {:>10}  partial: {} of {}; `rigpilot model pull {}` goes on\n", part.name,
                      human_bytes(double(part.bytes)), human_bytes(double(part.bytes)), human_bytes(double(part.of)),
                      part.name));
  return kDone;
}

}  // namespace

void add_model_list(CLI::App& model, Run& run) {
  CLI::App& command = *model.add_subcommand("list", "The models on this machine: name, size, format, where.");
  auto json = std::make_shared<bool>(false);
  command.add_flag("--json", *json, "one line of JSON");
  command.callback([&run, json] { run = [json] { return list(*json); }; });
}

}  // namespace app

#include "engine/config/model_notes.h"

#include "base/files.h"
#include "base/json.h"

namespace engine {
namespace {

namespace fs = std::filesystem;
constexpr const char* kName = "rigpilot.json";

const char* quant_name(Quant quant) {
  switch (quant) {
    case Quant::Auto: return "auto";
    case Quant::None: return "none";
    case Quant::Int8: return "int8";
    case Quant::Int4: return "int4";
  }
  return "auto";
}

base::Result<NotedMixing> mixing_of(const base::Json& value) {
  NotedMixing out;
  const auto code = base::get<std::string>(value, "code");
  if (!code) return base::forward(code, "field 'mixing'");
  out.code = *code;
  for (const auto& [name, weight] : {std::pair{"bias", &out.weights.bias}, {"certainty", &out.weights.certainty}, {"length", &out.weights.length}}) {
    const auto number = base::get<double>(value, name);
    if (!number) return base::forward(number, "field 'mixing'");
    *weight = float(*number);
  }
  return out;
}

base::Result<ModelNotes> notes_of(const base::Json& value) {
  ModelNotes out;
  const auto quant = base::get_or<std::string>(value, "quant", "auto");
  if (!quant) return base::forward(quant);
  const auto parsed = parse_quant(*quant);
  if (!parsed) return base::forward(parsed);
  out.quant = *parsed;
  if (const base::Json* mixing = base::find_field(value, "mixing")) {
    auto noted = mixing_of(*mixing);
    if (!noted) return base::forward(noted);
    out.mixing = *std::move(noted);
  }
  return out;
}

}  // namespace

base::Result<ModelNotes> read_model_notes(const fs::path& folder) {
  const fs::path file = folder / kName;
  std::error_code ignored;
  if (folder.empty() || !fs::is_regular_file(file, ignored)) return ModelNotes{};
  const auto text = base::read_file(file);
  if (!text) return base::forward(text);
  const auto value = base::parse_json(*text, file.string());
  if (!value) return base::forward(value);
  auto notes = notes_of(*value);
  if (!notes) return base::forward(notes, file.string());
  return notes;
}

base::Result<void> write_model_notes(const fs::path& folder, const ModelNotes& notes) {
  base::Json value = {{"quant", quant_name(notes.quant)}};
  if (const auto& mixing = notes.mixing)
    value["mixing"] = {{"code", mixing->code.string()}, {"bias", mixing->weights.bias}, {"certainty", mixing->weights.certainty}, {"length", mixing->weights.length}};
  return base::write_file_atomic(folder / kName, base::dump_json_pretty(value) + "\n");
}

}  // namespace engine

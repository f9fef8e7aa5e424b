#include "app/train_settings.h"

#include <array>

namespace app {
namespace {

engine::ModelConfig llama(std::int64_t layers, std::int64_t width, std::int64_t mlp, std::int64_t heads, std::int64_t kv_heads) {
  engine::ModelConfig c;
  c.architecture = "llama";
  c.layers = layers, c.width = width, c.mlp_width = mlp;
  c.heads = heads, c.kv_heads = kv_heads, c.head_width = width / heads;
  c.rotary_width = c.head_width, c.tied_embeddings = true;
  return c;
}

// "GPT from scratch" on a megabyte of Shakespeare, a character a token, in a few minutes on two cores.
TrainSettings shakespeare() {
  TrainSettings s;
  s.tokenizer = "bytes", s.context = 128, s.fim = 0, s.header = 0;
  s.steps = 1200, s.warmup = 50, s.decay = 600, s.step_tokens = 2048, s.micro_tokens = 2048, s.validate_every = 200, s.checkpoint_minutes = 2;
  return s;
}

TrainSettings code() {
  TrainSettings s;
  s.context = 1024, s.packed = 0.4, s.fim = 0.88;
  s.hole_characters = 0.1, s.hole_lines = 0.7, s.hole_blocks = 0.2, s.hole_rests = 0, s.hole_weight = 2;  // mostly what prompts ask for
  s.steps = 12000, s.warmup = 120, s.decay = 2400, s.step_tokens = 16384, s.rate = 3e-3, s.validate_every = 500;
  return s;
}

std::array<Preset, 2> presets() {
  return {{{"shakespeare", "a character model of 0.8 M parameters, for tinyshakespeare: its last tenth is the validation text", shakespeare(),
            llama(4, 128, 384, 4, 4)},
           {"code", "the default model: a fill-in-the-middle code model of 10 M parameters", code(), llama(6, 320, 896, 5, 5)}}};
}

}  // namespace

base::Json to_json(const TrainSettings& settings) {
  base::Json out = {{"corpus", settings.corpus}};
  visit(settings, [&](const auto& value, const char* name, const char*, const char*) { out[name] = value; });
  return out;
}

base::Result<TrainSettings> from_json(const base::Json& json) {
  TrainSettings settings;
  base::Result<void> outcome;
  visit(settings, [&]<class T>(T& value, const char* name, const char*, const char*) {
    auto read = base::get_or<T>(json, name, value);
    if (read) value = *read;
    else if (outcome) outcome = base::forward(read);
  });
  if (!outcome) return base::forward(outcome);
  if (const base::Json* corpus = base::find_field(json, "corpus"); corpus && corpus->is_array())
    for (const base::Json& path : *corpus)
      if (path.is_string()) settings.corpus.push_back(path.get<std::string>());
  return settings;
}

base::Result<Preset> find_preset(std::string_view name) {
  std::string known;
  for (Preset& preset : presets()) {
    if (preset.name == name) return std::move(preset);
    known += fmt::format("{}{}", known.empty() ? "" : " or ", preset.name);
  }
  return base::fail(base::ErrorCode::InvalidInput, "--preset {}: expected {}", name, known);
}

std::string preset_help() {
  std::string text;
  for (const Preset& preset : presets()) text += fmt::format("\n  {:<12} {}", preset.name, preset.help);
  return text;
}

}  // namespace app

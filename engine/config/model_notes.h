// model_notes.h: what Rigpilot noted beside a model or an adapter that it trained: rigpilot.json in its folder.
// read_model_notes(FOLDER): nothing is noted where there is no such file, or where the path is a file. write_model_notes() makes it.
// `quant` is how weights are held where nobody says otherwise: a model taught from a quantised one is stored whole, so that it can be
// taught further, and runs as fast as the one it came from. Errors name the file and the field.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "engine/load.h"
#include "engine/ngram/mixer.h"

namespace engine {

// How far this code is believed beside the model that learned it, by files of it that the model was not trained on. It holds there alone:
// elsewhere the same model knows less.
struct NotedMixing {
  MixWeights weights;
  std::filesystem::path code;  // the folder that was learned; absolute
};

struct ModelNotes {
  Quant quant = Quant::Auto;
  std::optional<NotedMixing> mixing;
};

base::Result<ModelNotes> read_model_notes(const std::filesystem::path& folder);
base::Result<void> write_model_notes(const std::filesystem::path& folder, const ModelNotes& notes);

}  // namespace engine

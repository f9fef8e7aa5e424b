// train_start.h: the model that a training of all weights begins with.
// find_start(PATH): a Hugging Face folder; or a .gguf file with the model's config.json and tokenizer.json beside it, as the default
// model has them, named itself or by its folder. `files` is the folder of the small files, `weights` what engine::open_weights() reads.
// bring_model(START, TO) copies the small files, so that what is trained loads as what it began with. Errors name the path.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace app {

struct StartModel {
  std::filesystem::path files, weights;
};

base::Result<StartModel> find_start(const std::filesystem::path& path);
base::Result<void> bring_model(const StartModel& start, const std::filesystem::path& to);

}  // namespace app

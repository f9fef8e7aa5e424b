// train_start.h: a model that a training begins with, as far as its folder goes: everything in it but the weights.
// bring_model(FROM, TO) copies the small files, so that what is trained loads as what it began with. Errors name the folder.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace app {

base::Result<void> bring_model(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace app

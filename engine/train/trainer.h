// trainer.h: the training loop: what train_model() (engine/training.h) runs inside librigpilot_torch.so.
// train_with_torch() is exported through the library's table; libtorch's exceptions end here.
#pragma once

#include "engine/training.h"

namespace engine {

base::Result<TrainReport> train_with_torch(const TrainRequest& request, const TrainEvents& events, std::stop_token stop);

}  // namespace engine

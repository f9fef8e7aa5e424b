#include "engine/training.h"

#include "engine/torch/library.h"

namespace engine {

base::Result<TrainReport> train_model(const TrainRequest& request, const TrainEvents& events, std::stop_token stop) {
  auto library = open_torch_library();
  if (!library) return base::forward(library);
  return (*library)->train(request, events, stop);
}

}  // namespace engine

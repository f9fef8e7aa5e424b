// loss.h: cross entropy of a micro-batch, and its gradient, without ever holding all logits.
// add_gradients() adds to the parameters' gradients; loss() only looks. Both give the sum of nats over the batch's targets, by their
// weights (batches.h).
// With bf16 matrix products run in it (autocast); sums, norms and the softmax are f32. One thread.
#pragma once

#include "engine/models/model.h"
#include "engine/train/batches.h"

namespace engine {

// The gradient is that of weight * (that sum).
double add_gradients(Model& model, const MicroBatch& batch, double weight, bool bf16);
double loss(Model& model, const MicroBatch& batch, bool bf16);

}  // namespace engine

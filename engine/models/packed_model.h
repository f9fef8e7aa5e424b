// packed_model.h: a LLaMA-like model on the CPU with every matrix quantised, run by a PackedDecoder instead of by libtorch's operations.
// packable() (engine/decode) says before loading whether a model's shape fits; pack() then takes the packed weights out of the loaded
// model and gives a Model that stands in for it. The caches it is given must be f16, on the CPU; they are held in the kernels' layout.
// Why: a decode step of libtorch's operations is some 450 launches, and its threads wait for each other where cores are busy.
#pragma once

#include <memory>
#include <vector>

#include "engine/models/model.h"
#include "engine/threads/team.h"

namespace engine {

// Where a LLaMA-like model keeps its parts. Borrows.
struct PackableParts {
  struct Layer {
    Norm *attention_norm, *mlp_norm;
    Linear *q, *k, *v, *o, *gate, *up, *down;
    Norm *q_norm = nullptr, *k_norm = nullptr;  // of each head; null: none
  };
  Linear* embed = nullptr;
  Norm* norm = nullptr;
  Linear* head = nullptr;          // null: tied to embed
  torch::Tensor rope_frequencies;  // undefined before ready()
  std::vector<Layer> layers;
};

// The parts of a block of RmsNormBlock's kind.
template <class Block>
PackableParts::Layer packable_layer(const Block& block) {
  const auto &a = *block.attention, &m = *block.mlp;
  return {block.attention_norm.get(), block.mlp_norm.get(), a.q.get(), a.k.get(), a.v.get(), a.o.get(), m.gate.get(), m.up.get(), m.down.get()};
}

// The decoder runs on the team. The model's parts() are there, and each matrix holds its weight packed. `memory`, an arena's, is put into
// huge pages meanwhile where it is not, by a thread that the model joins.
std::unique_ptr<Model> pack(std::unique_ptr<Model> model, std::unique_ptr<Team> team, std::vector<AlignedBytes> memory = {});

}  // namespace engine

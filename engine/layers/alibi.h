// alibi.h: the slopes of attention with linear biases (Press et al. 2021, arXiv 2108.12409), for any number of heads.
// alibi_slopes() once a model; Attention::slopes_H carries them to the scores. Pure.
#pragma once

#include <torch/torch.h>

#include <cmath>

namespace engine {

// [heads] in f32. A power of two n of heads gets 2^(-8/n), 2^(-16/n), ...; beyond the largest power of two below `heads`, every
// other slope of twice that many, as the authors' code and BLOOM have it.
inline torch::Tensor alibi_slopes(std::int64_t heads) {
  std::int64_t whole = 1;
  while (whole * 2 <= heads) whole *= 2;
  torch::Tensor slopes_H = torch::empty({heads}, torch::kFloat32);
  for (std::int64_t h = 0; h < heads; ++h) {
    const double exponent = h < whole ? double(h + 1) / double(whole) : double(2 * (h - whole) + 1) / double(2 * whole);
    slopes_H[h] = float(std::exp2(-8 * exponent));
  }
  return slopes_H;
}

}  // namespace engine

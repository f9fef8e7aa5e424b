// weights_of.h: random grouped weights of any shape, for the tests of kernels and quantisation.
// random_weight(rng, form) fills codes, scales and minimums over their whole ranges. A value.
#pragma once

#include <random>

#include "engine/quant/grouped.h"

namespace tests {

struct Form {
  std::int64_t rows, columns;
  int bits, group, zero;
  bool minimum;
};

inline engine::GroupedWeight random_weight(std::mt19937& random, const Form& form) {
  std::uniform_real_distribution<float> scale(-0.1F, 0.1F);
  engine::GroupedWeight w{.rows = form.rows, .columns = form.columns, .bits = form.bits, .group = form.group, .zero = form.zero, .codes = {}, .scales = {}, .minimums = {}};
  w.codes.resize(std::size_t(form.rows * form.columns * form.bits / 8));
  for (auto& code : w.codes) code = std::uint8_t(random());
  w.scales.resize(std::size_t(form.rows * form.columns / form.group));
  for (float& s : w.scales) s = scale(random);
  if (form.minimum) w.minimums.resize(w.scales.size());
  for (float& m : w.minimums) m = scale(random);
  return w;
}

}  // namespace tests

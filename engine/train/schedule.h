// schedule.h: the learning rate, step by step: warm-up, then constant with a decay at the end (WSD), or a cosine.
// schedule.at(step). Pure. WSD: Hu et al. 2024, arXiv 2404.06395: the constant part may be cut anywhere and decayed from there.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace engine {

struct Schedule {
  enum class Kind { Wsd, Cosine } kind = Kind::Wsd;
  double peak = 4e-3;
  std::int64_t steps = 1000;  // in all
  std::int64_t warmup = 100;  // of them, the first: from 0, linearly
  std::int64_t decay = 200;   // WSD: of them, the last: to `least`, linearly
  double least = 0;           // share of the peak at the end

  double at(std::int64_t step) const {  // step 0 is the first
    if (step < warmup) return peak * double(step + 1) / double(warmup);
    const auto falling = [&](double begin) { return std::clamp((double(step) - begin + 1) / std::max(1.0, double(steps) - begin), 0.0, 1.0); };
    if (kind == Kind::Wsd) {
      const double begin = double(steps - decay);
      return step < begin ? peak : peak * (1 - (1 - least) * falling(begin));
    }
    return peak * (least + (1 - least) * 0.5 * (1 + std::cos(std::numbers::pi * falling(double(warmup)))));
  }
};

}  // namespace engine

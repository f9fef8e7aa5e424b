// metrics.h: what many answers come to: shares, a curve of precision over coverage, intervals.
// An Outcome is one hole's; measure() sums any set of them up.
// Pure; the bootstrap is seeded, so the same outcomes give the same numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/evaluate/holes.h"

namespace app {

struct Outcome {
  Hole hole;
  std::string wanted, got;  // what was taken out; what the suggestion puts there
  bool shown = false;
  bool exact = false;
  double similarity = 0;   // 1 - Levenshtein / the longer one's length, in bytes
  float confidence = 0;    // the pipeline's own
  bool novel = false;      // no other line of the folder is the same
  bool cross_file = false; // a name in it is in other files but not in this one
  bool doubled = false;    // the suggestion ends with the line that follows anyway
  double ms = 0;
};

struct Interval {
  double low = 0, high = 0;
};

struct Precision {
  double coverage = 0;              // of all holes, the surest ones
  std::optional<double> precision;  // nullopt: fewer suggestions than that were made
};

struct Measured {
  std::size_t holes = 0;
  double shown = 0, exact = 0, similarity = 0;
  Interval exact_95;                // bootstrap by file
  double characters_saved = 0;      // in exact suggestions, of all that was taken out
  double doubled = 0;               // of the suggestions shown
  std::vector<Precision> precision;  // at 20, 40, 60 %
  double p50_ms = 0, p95_ms = 0;
};

// 95 % of a share, by drawing groups anew: what is in one is alike.
struct Draw {
  std::size_t group = 0;
  bool hit = false;
};
Interval interval_95(const std::vector<Draw>& draws);
double quantile(std::vector<double> values, double p);  // of nothing: 0

double edit_similarity(std::string_view a, std::string_view b);
Measured measure(const std::vector<const Outcome*>& outcomes);

// Precision and coverage of those at least so sure: what a threshold would show.
struct Gate {
  double coverage = 0, precision = 0;
};
Gate gated(const std::vector<const Outcome*>& outcomes, float confidence);

}  // namespace app

// report.h: what was measured, as a table for people and as JSON for programs.
// A Trial is one model in one mode on one folder. Pure.
#pragma once

#include <string>
#include <vector>

#include "app/evaluate/metrics.h"
#include "base/json.h"

namespace app {

struct Trial {
  std::string name;  // "copy", "SmolLM2-135M, both"
  std::string model, mode;
  std::vector<Outcome> outcomes;
};

// A slice of a run's holes, by name: all, each kind, novel lines, names of other files.
struct Slice {
  std::string name;
  Measured measured;
};
std::vector<Slice> slices_of(const Trial& run);

std::string table(const std::vector<Trial>& runs);
base::Json to_json(const std::vector<Trial>& runs, const std::string& folder, std::uint64_t seed);

}  // namespace app

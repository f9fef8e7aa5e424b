// resident.h: what a model's weights will take in memory, from the file's tensor table alone.
// resident_weights() follows the rules by which load_parameters() holds each tensor (as stored, expanded, or in 8 or 4 bits);
// reading one row of each quantised tensor, it is quick for a model of any size. tests/app/info_test.py compares both.
#pragma once

#include <cstdint>

#include "engine/config.h"
#include "engine/load.h"
#include "engine/weights/source.h"

namespace engine {

struct ResidentWeights {
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
};

// `dtype_bytes`: of an unquantised weight, 2 or 4.
base::Result<ResidentWeights> resident_weights(const WeightSource& source, const ModelConfig& config, Quant quant, std::int64_t dtype_bytes);

std::string stored_type(const WeightSource& source);  // of the matrices, as GGUF names it: "q4_1", "bf16"

}  // namespace engine

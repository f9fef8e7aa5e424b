// resident.h: what a model's weights will take in memory, from the file's tensor table alone; and the rules of it.
// how_held() decides for load_parameters() too; resident_weights() goes by tensors' names where the loader has a model's slots,
// and tests/engine/torch/resident_test.cpp compares both. One row of each quantised tensor is read: quick for any size.
#pragma once

#include <cstdint>

#include "engine/config.h"
#include "engine/load.h"
#include "engine/weights/source.h"

namespace engine {

enum class Held { AsStored, Rounded, Expanded };  // in the file's groups, in 8 or 4 bits, in the compute dtype
struct MatrixUse {
  bool table = false;          // looked up by row
  bool rows_as_stored = true;  // the file's rows, in whatever order, are the model's
  std::int64_t columns = 0;    // inputs of the model's matrix
  bool packed = false;         // for the decode loop, which holds tables in groups too
};
Held how_held(base::GgmlType type, Quant quant, const MatrixUse& use);
int rounded_bits(Quant quant, bool table);  // of a matrix that is Rounded: a table keeps 8

// "h.0.ln_1.weight" of "transformer.h.0.ln_1.weight": the name in a checkpoint that was saved without its head.
std::string_view without_model_prefix(std::string_view name);
bool derived_anyway(std::string_view name);                                    // frequencies, causal masks: nothing loads them
bool repeats_the_table(std::string_view name, const ModelConfig& config);  // a head that is saved though it is tied

struct ResidentWeights {
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  bool packed = false;  // for the decode loop: activations of 8 bits, keys and values as halves
};

struct Holding {
  Quant quant = Quant::Auto;
  std::int64_t dtype_bytes = 4;  // of an unquantised weight, 2 or 4
  bool may_pack = false;         // on the CPU, with no dtype asked for: packed where the model can be (engine/decode/packable.h)
};
base::Result<ResidentWeights> resident_weights(const WeightSource& source, const ModelConfig& config, const Holding& holding);

std::string stored_type(const WeightSource& source);  // of the matrices, as GGUF names it: "q4_1", "bf16"

}  // namespace engine

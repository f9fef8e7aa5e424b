// encode.h: floats as ggml's block formats, the other way round from engine/weights/gguf_blocks.h.
// encode_weights() takes whole blocks, row after row; Q4_0, Q4_1 and Q4_K search each block's scale for the least error.
// Pure; any thread. Formats: ggml's ggml-quants.c; what is searched: encode.cpp.
#pragma once

#include <cstddef>
#include <span>

#include "base/formats/gguf.h"
#include "base/result.h"

namespace engine {

// F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q4_K; weights.size() must be whole blocks and fill `out`. A weight that is no number is an error.
base::Result<void> encode_weights(base::GgmlType type, std::span<const float> weights, std::span<std::byte> out);
bool can_encode(base::GgmlType type);

// `wanted`, or where its blocks do not divide a row of so many columns: Q4_1 for Q4_K, F16 for the others.
base::GgmlType fitting_type(base::GgmlType wanted, std::int64_t columns);

}  // namespace engine

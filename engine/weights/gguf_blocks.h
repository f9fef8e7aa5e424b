// gguf_blocks.h: ggml's block formats as floats: what every weight means before any repacking.
// dequantize() expands whole blocks, bit for bit as the PyPI package `gguf` does (f32, in its order of operations).
// Pure; any thread. Source: ggml's ggml-quants.c and gguf-py's quants.py.
#pragma once

#include <cstddef>
#include <span>

#include "base/formats/gguf.h"
#include "base/result.h"

namespace engine {

// F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K. `bytes` must hold exactly out.size() weights.
base::Result<void> dequantize(base::GgmlType type, std::span<const std::byte> bytes, std::span<float> out);

}  // namespace engine

// attention_products.h: small matrix products in bf16, summed in f32, with the processor's bf16 dot products (AVX512-BF16), or
// its matrix unit where there is one (tile_products.h).
// Where can_multiply(), multiply() any Product on one thread: attention in training (whole_attention.h) makes thousands of them,
// each too small for a library's set-up, and MKL's own bf16 product runs on f32 ones outside Intel's processors. Pure.
#pragma once

#include <cstdint>

#include "engine/layers/numbers.h"

namespace engine {

// C [rows, columns] = A [rows, inner] B [inner, columns]; B lies in pairs of rows: [inner / 2][columns][2] (attention_loops.h).
// Strides are those of a row, B's in pairs. columns % 16 == 0, inner % 2 == 0.
struct Product {
  std::int64_t rows, columns, inner;
  std::int64_t a_stride, b_stride, c_stride;
  bool adds = false;  // to what C holds
};

bool can_multiply();
void multiply(const Product& p, const Bf16* a, const Bf16* b, float* c);

}  // namespace engine

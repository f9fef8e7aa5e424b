// tile_products.h: attention_products.h's products on the matrix unit of Intel's server processors (AMX-BF16; Intel, "Architecture
// Instruction Set Extensions Programming Reference", chapter 3), which multiplies many times as much in a cycle as their vector units do.
// Where can_tile() and the shape fits_tiles(), multiply_by_tiles(); the same sums in another order. The unit's configuration is the
// thread's own and others use it too (oneDNN): it is as it was afterwards. Pure.
#pragma once

#include "engine/layers/attention_products.h"

namespace engine {

// Whether the processor has the unit and the kernel lets this process use it, which is asked for once.
bool can_tile();
bool fits_tiles(const Product& p);
void multiply_by_tiles(const Product& p, const Bf16* a, const Bf16* b, float* c);

}  // namespace engine

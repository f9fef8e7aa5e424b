// reference_fused.h: the decode step's loops as their definitions say, in double: what every other table is tested against.
// reference_kernels().fused points at it. Pure.
#pragma once

#include "engine/kernels/cpu/fused.h"

namespace engine {

extern const cpu::Fused kReferenceFused;

}  // namespace engine

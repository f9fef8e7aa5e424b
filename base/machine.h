// machine.h: what this computer is: its processor, its memory, and how fast it reads memory.
// describe_machine() reads /proc; measure_read_bandwidth() works for about a third of a second on all cores.
// No state; any thread. What cannot be found out is empty or 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace base {

struct Machine {
  std::string processor;
  std::vector<std::string> features;  // of those that matter here: avx2, f16c, fma, avx512f, avx512bw, avx512_vnni, avx512_bf16, ...
  int threads = 0;                    // that this process may run at once
  int cores = 0;                      // processor cores they run on: a core may run two threads, but multiplies for one
  std::int64_t memory_bytes = 0, available_bytes = 0;  // of the machine, or of the container where that is less
};

Machine describe_machine();

// Whether the processor multiplies bf16 by itself: emulated, it takes several times as long as f32.
bool multiplies_bf16(const Machine& machine);

// Bytes a second, reading from main memory. A model's tokens a second are at most this over its bytes.
double measure_read_bandwidth();

}  // namespace base

// Which table this processor gets. RIGPILOT_AVX says whether the build compiled the x86 files (engine/CMakeLists.txt).
#include <vector>

#include "engine/kernels/cpu/grouped_view.h"
#include "engine/kernels/kernels.h"

namespace engine {
namespace {

cpu::GroupedView view(const GroupedWeight& w) {
  return {w.rows, w.columns, w.bits, w.group, w.zero, w.codes.data(), w.scales.data(), w.minimums.empty() ? nullptr : w.minimums.data()};
}

template <auto Matmul>
void matmul(const GroupedWeight& w, std::int64_t first, std::int64_t last, const float* x, std::int64_t count, float* y) {
  Matmul(view(w), {first, last}, x, count, y);
}
template <auto Expand>
void expand_rows(const GroupedWeight& w, std::int64_t first, std::int64_t count, float* out) {
  Expand(view(w), {first, first + count}, out);
}

constexpr Kernels kPortable{"portable", matmul<cpu::matmul_portable>, expand_rows<cpu::expand_portable>, &cpu::kFusedPortable};
#ifdef RIGPILOT_AVX
constexpr Kernels kAvx2{"avx2", matmul<cpu::matmul_avx2>, expand_rows<cpu::expand_avx2>, &cpu::kFusedAvx2};
constexpr Kernels kAvxVnni{"avxvnni", matmul<cpu::matmul_avx2>, expand_rows<cpu::expand_avx2>, &cpu::kFusedAvxVnni};
constexpr Kernels kAvx512{"avx512", matmul<cpu::matmul_avx512>, expand_rows<cpu::expand_avx512>, &cpu::kFusedAvx2};
constexpr Kernels kAvx512Vnni{"avx512vnni", matmul<cpu::matmul_avx512>, expand_rows<cpu::expand_avx512>, &cpu::kFusedAvx512};
#endif

std::vector<const Kernels*> probe() {
  std::vector<const Kernels*> found = {&kPortable};
#ifdef RIGPILOT_AVX
  // The compiler's own probe also asks whether the operating system saves the wide registers.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq");
  if (avx2) found.push_back(&kAvx2);
  if (avx2 && __builtin_cpu_supports("avxvnni")) found.push_back(&kAvxVnni);
  if (avx512) found.push_back(&kAvx512);
  if (avx512 && __builtin_cpu_supports("avx512vnni")) found.push_back(&kAvx512Vnni);
#endif
  return found;
}

}  // namespace

std::span<const Kernels* const> runnable_kernels() {
  static const std::vector<const Kernels*> kFound = probe();
  return kFound;
}

const Kernels& kernels() { return *runnable_kernels().back(); }

void expand(const GroupedWeight& weight, std::int64_t first, std::int64_t count, float* out) {
  kernels().grouped_expand(weight, first, count, out);
}

}  // namespace engine

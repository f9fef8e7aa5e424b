#include "base/machine.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <new>
#include <numeric>
#include <sstream>
#include <thread>

namespace base {
namespace {

constexpr std::array kFeatures = {"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "asimd"};

// "key : value" of /proc/cpuinfo and /proc/meminfo: the first one of that name.
std::string value_of(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return {};
}

std::int64_t kibibytes(std::string_view key) { return std::atoll(value_of("/proc/meminfo", key).c_str()) * 1024; }

int allowed_threads() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
  return int(std::thread::hardware_concurrency());
}

std::uint64_t sum_of(const std::uint64_t* begin, const std::uint64_t* end) {
  std::uint64_t sums[8] = {};
  for (; end - begin >= 8; begin += 8)
    for (int i = 0; i < 8; ++i) sums[i] += begin[i];
  return std::accumulate(std::begin(sums), std::end(sums), std::uint64_t(0));
}

}  // namespace

Machine describe_machine() {
  Machine machine;
  machine.processor = value_of("/proc/cpuinfo", "model name");
  std::istringstream flags(value_of("/proc/cpuinfo", "flags"));
  for (std::string flag; flags >> flag;)
    if (std::find(kFeatures.begin(), kFeatures.end(), flag) != kFeatures.end()) machine.features.push_back(flag);
  machine.threads = allowed_threads();
  machine.memory_bytes = kibibytes("MemTotal");
  machine.available_bytes = kibibytes("MemAvailable");
  return machine;
}

double measure_read_bandwidth() {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t kBytes = std::size_t(256) << 20;  // well beyond any cache
  std::vector<std::uint64_t> data(kBytes / sizeof(std::uint64_t), 1);
  const int threads = std::max(1, allowed_threads());
  const std::size_t share = data.size() / std::size_t(threads);
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads));
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto start = Clock::now();
    {
      std::vector<std::jthread> team;
      for (int t = 0; t < threads; ++t)
        team.emplace_back([&, t] { sums[std::size_t(t)] += sum_of(data.data() + std::size_t(t) * share, data.data() + std::size_t(t + 1) * share); });
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, double(kBytes) / seconds);
  }
  return sums[0] == 0 ? 0 : best;  // the sums are used, so that reading is not optimised away
}

}  // namespace base

#include "base/machine.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "base/mapped_file.h"

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

// Distinct (package, core) pairs; /proc/cpuinfo has one block of lines a thread. 0 where it names no cores (ARM).
int count_cores() {
  std::ifstream in("/proc/cpuinfo");
  std::set<std::pair<int, int>> cores;
  int package = 0;
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    if (line.starts_with("physical id")) package = std::atoi(line.c_str() + colon + 1);
    if (line.starts_with("core id")) cores.emplace(package, std::atoi(line.c_str() + colon + 1));
  }
  return int(cores.size());
}

// A number in a file of the container's control group; nothing where there is no limit ("max") or no such file.
std::optional<std::int64_t> group_number(const char* file) {
  std::ifstream in(file);
  std::int64_t value = 0;
  if (in >> value && value > 0) return value;
  return std::nullopt;
}

// Processors that the container's quota is worth ("max 100000", "150000 100000": a quota and its period), rounded up.
std::optional<int> quota_threads() {
  std::ifstream in("/sys/fs/cgroup/cpu.max");
  std::int64_t quota = 0, period = 0;
  if (in >> quota >> period && quota > 0 && period > 0) return int((quota + period - 1) / period);
  return std::nullopt;
}

void narrow_to_container(Machine& machine) {
  if (const auto threads = quota_threads(); threads && *threads < machine.threads) {
    machine.threads = *threads;
    machine.cores = std::min(machine.cores, *threads);
  }
  const auto limit = group_number("/sys/fs/cgroup/memory.max");
  if (!limit || *limit >= machine.memory_bytes) return;
  const std::int64_t used = group_number("/sys/fs/cgroup/memory.current").value_or(0);
  machine.memory_bytes = *limit;
  machine.available_bytes = std::clamp<std::int64_t>(*limit - used, 0, machine.available_bytes);
}

std::uint64_t sum_of(const std::uint64_t* begin, const std::uint64_t* end) {
  std::uint64_t sums[8] = {};
  for (; end - begin >= 8; begin += 8) {
    __builtin_prefetch(begin + 128);
    for (int i = 0; i < 8; ++i) sums[i] += begin[i];
  }
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
  const int cores = count_cores();
  machine.cores = cores > 0 ? std::min(cores, machine.threads) : machine.threads;
  machine.memory_bytes = kibibytes("MemTotal");
  machine.available_bytes = kibibytes("MemAvailable");
  narrow_to_container(machine);
  return machine;
}

bool multiplies_bf16(const Machine& machine) {
  return std::ranges::any_of(machine.features, [](const std::string& name) { return name == "avx512_bf16" || name == "amx_bf16"; });
}

double measure_read_bandwidth() {
  using Clock = std::chrono::steady_clock;
  // Well beyond any cache; less on a machine that has little to spare, where its caches are small too.
  const std::int64_t spare = describe_machine().available_bytes / 8;
  const auto bytes = static_cast<std::size_t>(std::clamp<std::int64_t>(spare, std::int64_t{8} << 20, std::int64_t{256} << 20));
  const std::size_t count = bytes / sizeof(std::uint64_t);
  const auto data = std::make_unique_for_overwrite<std::uint64_t[]>(count);
  prefer_huge_pages(data.get(), bytes);  // as weights are held
  std::fill_n(data.get(), count, 1);
  const int threads = std::max(1, allowed_threads());
  const std::size_t share = count / std::size_t(threads);
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads));
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto start = Clock::now();
    {
      std::vector<std::jthread> team;
      for (int t = 0; t < threads; ++t)
        team.emplace_back([&, t] { sums[std::size_t(t)] += sum_of(data.get() + std::size_t(t) * share, data.get() + std::size_t(t + 1) * share); });
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, double(bytes) / seconds);
  }
  return sums[0] == 0 ? 0 : best;  // the sums are used, so that reading is not optimised away
}

}  // namespace base

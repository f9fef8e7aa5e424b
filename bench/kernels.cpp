// The hot loops alone: bytes of weights a second (decode), operations a second (prefill), and the share of what this machine
// can read. build/release/bench_kernels [--benchmark_filter=decode]; every table this processor runs, the best last.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <thread>

#include "base/machine.h"
#include "engine/kernels/int8_buffer.h"
#include "engine/kernels/kernels.h"
#include "engine/threads/team.h"

namespace {

using engine::GroupedWeight;
using engine::PackedWeight;

struct Shape {
  const char* name;
  std::int64_t rows, columns;
  int bits;
};
// Qwen2.5-Coder's: what a token of 0.5B reads most of, and of 1.5B. 8 and 4 bits.
constexpr Shape kShapes[] = {{"0.5B gate+up 4 bits", 9728, 896, 4},   {"0.5B gate+up 8 bits", 9728, 896, 8}, {"0.5B head 4 bits", 151936, 896, 4},
                             {"1.5B gate+up 4 bits", 17920, 1536, 4}, {"1.5B gate+up 8 bits", 17920, 1536, 8}};

GroupedWeight weight_of(const Shape& shape) {
  std::mt19937 random(1);
  GroupedWeight w{.rows = shape.rows, .columns = shape.columns, .bits = shape.bits, .group = 32, .zero = shape.bits == 4 ? 8 : 0, .codes = {}, .scales = {}, .minimums = {}};
  w.codes.resize(std::size_t(shape.rows * shape.columns * shape.bits / 8));
  for (auto& code : w.codes) code = std::uint8_t(random());
  w.scales.assign(std::size_t(shape.rows * shape.columns / 32), 0.01F);
  return w;
}

// As a decode step does it: several copies, so that what is read is not in a cache.
void matmul(benchmark::State& state, const engine::Kernels& table, const Shape& shape, std::int64_t inputs, int threads, double limit) {
  engine::Team team(threads);
  const GroupedWeight grouped = weight_of(shape);
  const auto copies = inputs <= 8 ? std::max<std::int64_t>(1, (std::int64_t(128) << 20) / grouped.bytes()) : 1;
  std::vector<PackedWeight> weights;
  for (std::int64_t i = 0; i < copies; ++i) weights.push_back(engine::pack(grouped));
  const std::vector<float> x(std::size_t(inputs * shape.columns), 0.5F);
  std::vector<float> y(std::size_t(inputs * shape.rows));
  engine::Int8Buffer rows;
  table.fused->quantize(x.data(), {0, inputs}, {nullptr, 0}, rows.resize(inputs, shape.columns));
  const std::int64_t panels = weights[0].panels(), step = std::max<std::int64_t>(2, 65536 / (weights[0].bytes() / panels) / 2 * 2);
  std::size_t at = 0;
  for (auto _ : state) {
    const auto view = weights[at++ % weights.size()].view();
    team.run((panels + step - 1) / step, [&](std::int64_t task) {
      (inputs >= 64 && shape.bits == 4 && table.fused->matmul_many ? table.fused->matmul_many : table.fused->matmul)(view, {task * step, std::min(panels, (task + 1) * step)}, rows.rows(), {0, inputs}, y.data(), shape.rows, false);
    });
  }
  const double seconds = double(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(double(weights[0].bytes()) * seconds / 1e9, benchmark::Counter::kIsRate);
  state.counters["of read limit"] = benchmark::Counter(double(weights[0].bytes()) * seconds / limit, benchmark::Counter::kIsRate);
  state.counters["GOP/s"] = benchmark::Counter(2.0 * double(shape.rows * shape.columns * inputs) * seconds / 1e9, benchmark::Counter::kIsRate);
}

void attention(benchmark::State& state, const engine::Kernels& table, std::int64_t length, std::int64_t width) {
  std::vector<std::uint16_t> keys(std::size_t(length * width), 0x2E66), values = keys;
  const engine::cpu::HeadCache cache{keys.data(), values.data(), width};
  std::vector<float> queries(std::size_t(4 * width), 0.1F), out(queries.size()), most(4), total(4);
  const std::vector<std::int64_t> seen(4, length);
  for (auto _ : state) {
    std::fill(most.begin(), most.end(), -1e30F);
    table.fused->attend(cache, {0, length}, {4, queries.data(), seen.data(), most.data(), total.data(), out.data()});
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["GFLOP/s"] = benchmark::Counter(4.0 * 4 * double(length * width) * double(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const double limit = base::measure_read_bandwidth();
  benchmark::AddCustomContext("read limit GB/s, all threads", std::to_string(limit / 1e9));
  for (const engine::Kernels* table : engine::runnable_kernels()) {
    const auto add = [&](const std::string& name, auto&& run) {
      benchmark::RegisterBenchmark((name + "/" + std::string(table->name)).c_str(), run)->UseRealTime()->MinTime(0.3);
    };
    for (const Shape& shape : kShapes)
      for (const int threads : {1, engine::team_size()})
        for (const std::int64_t inputs : {1, 4, 8, 128, 512})
          add((inputs <= 8 ? "decode/" : "prefill/") + std::string(shape.name) + "/rows " + std::to_string(inputs) + "/threads " + std::to_string(threads),
              [=](benchmark::State& state) { matmul(state, *table, shape, inputs, threads, limit); });
    for (const std::int64_t length : {1024, 4096})
      add("attention/4 rows, " + std::to_string(length) + " positions", [=](benchmark::State& state) { attention(state, *table, length, 64); });
  }
  benchmark::RunSpecifiedBenchmarks();
}

// The whole decode loop without a file and without libtorch: random weights in a model's shape; tokens a second, and bytes of weights
// a second beside what this machine reads. build/release/bench_decode [SHAPE] [BITS] [THREADS] [RUNS] [KERNELS], e.g. qwen2.5-coder-0.5b 4 2 5 avx2.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "base/machine.h"
#include "engine/convert/shapes.h"
#include "engine/decode/packed_decoder.h"
#include "engine/kernels/kernels.h"

namespace {

using engine::DecoderSequence;
using engine::DecoderWeights;

struct Maker {
  engine::Team& team;
  engine::Arena& arena;
  int bits;
  std::mt19937 random{1};

  engine::Matrix matrix(std::int64_t rows, std::int64_t columns, bool bias) {
    engine::GroupedWeight w{.rows = rows, .columns = columns, .bits = bits, .group = 32, .zero = bits == 4 ? 8 : 0, .codes = {}, .scales = {}, .minimums = {}};
    w.codes.resize(std::size_t(rows * columns * bits / 8));
    for (std::size_t i = 0; i + 4 <= w.codes.size(); i += 4) {
      const auto four = std::uint32_t(random());
      __builtin_memcpy(w.codes.data() + i, &four, 4);
    }
    w.scales.assign(std::size_t(rows * columns / 32), bits == 4 ? 0.005F : 0.0003F);
    return {engine::pack(w, &team, &arena), std::vector<float>(bias ? std::size_t(rows) : 0, 0.01F)};
  }
};

DecoderWeights weights_of(const engine::ModelConfig& c, Maker& make) {
  DecoderWeights w;
  w.shape = {.vocab = c.vocab_size, .width = c.width, .mlp_width = c.mlp_width, .heads = c.heads, .kv_heads = c.kv_heads, .head_width = c.head_width};
  for (std::int64_t i = 0; i < c.head_width / 2; ++i) w.shape.rope_frequencies.push_back(float(std::pow(1e6, -2.0 * double(i) / double(c.head_width))));
  const std::int64_t q = c.heads * c.head_width, kv = c.kv_heads * c.head_width;
  const std::vector<float> norm(std::size_t(c.width), 1.0F);
  w.embed = make.matrix(c.vocab_size, c.width, false);
  for (std::int64_t i = 0; i < c.layers; ++i) {
    engine::DecoderLayer& l = w.layers.emplace_back();
    l.attention_norm = l.mlp_norm = norm;
    const bool bias = c.attention_bias;
    l.q = make.matrix(q, c.width, bias), l.k = make.matrix(kv, c.width, bias), l.v = make.matrix(kv, c.width, bias), l.o = make.matrix(c.width, q, false);
    l.gate = make.matrix(c.mlp_width, c.width, false), l.up = make.matrix(c.mlp_width, c.width, false), l.down = make.matrix(c.width, c.mlp_width, false);
  }
  w.norm = norm;
  return w;
}

std::int64_t weight_bytes(const DecoderWeights& w) {
  std::int64_t bytes = w.output().weight.bytes();
  for (const auto& l : w.layers)
    for (const engine::Matrix* m : {&l.q, &l.k, &l.v, &l.o, &l.gate, &l.up, &l.down}) bytes += m->weight.bytes();
  return bytes;
}

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

struct Times {
  std::vector<double> wall, processor;  // seconds
  template <class Work>
  void take(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    const double before = processor_seconds();
    work();
    processor.push_back(processor_seconds() - before);
    wall.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  void print(const char* what, int length, double tokens, double bytes, double limit) {
    std::sort(wall.begin(), wall.end()), std::sort(processor.begin(), processor.end());
    const double middle = wall[wall.size() / 2] / tokens;
    std::printf("%-10s %5d  %9.1f tokens/s (best %9.1f)  processor %7.3f ms a token (best %7.3f)", what, length, 1 / middle, tokens / wall[0],
                1e3 * processor[wall.size() / 2] / tokens, 1e3 * processor[0] / tokens);
    if (bytes > 0) std::printf("  %5.1f GB/s, %3.0f %% of the read limit", bytes / middle / 1e9, 100 * bytes / middle / limit);
    std::printf("\n");
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto shape = engine::find_shape(argc > 1 ? argv[1] : "qwen2.5-coder-0.5b");
  if (!shape) return std::fprintf(stderr, "%s\n", shape.error().message.c_str()), 2;
  const int bits = argc > 2 ? std::atoi(argv[2]) : 4, threads = argc > 3 ? std::atoi(argv[3]) : engine::team_size(), runs = argc > 4 ? std::atoi(argv[4]) : 5;
  const engine::Kernels* table = &engine::kernels();
  for (const engine::Kernels* other : engine::runnable_kernels())
    if (argc > 5 && other->name == argv[5]) table = other;
  engine::Team team(threads);
  engine::Arena arena;
  Maker make{team, arena, bits};
  engine::PackedDecoder decoder(weights_of(*shape, make), team, *table->fused);
  engine::gather_pages(arena.chunks(), {});
  const double limit = base::measure_read_bandwidth(), bytes = double(weight_bytes(decoder.weights()));
  std::printf("%s, %d bits, %d threads, %s: %.0f MB of weights a token; the machine reads %.1f GB/s\n", shape->name.c_str(), bits, threads, std::string(table->name).c_str(), bytes / 1e6, limit / 1e9);

  constexpr std::int64_t kRoom = 4096;
  const std::int64_t stride = kRoom * shape->head_width;
  std::vector<std::vector<std::uint16_t>> caches;
  DecoderSequence sequence{.length = 0, .count = 0, .head_stride = stride, .keys = {}, .values = {}};
  for (std::int64_t l = 0; l < shape->layers; ++l)
    for (auto* of : {&sequence.keys, &sequence.values}) of->push_back(caches.emplace_back(std::size_t(stride * shape->kv_heads)).data());
  std::vector<float> logits(std::size_t(shape->vocab_size));
  const auto pass = [&](std::int64_t length, std::int64_t count) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = std::int32_t(100 + (std::size_t(length) + i) * 7919 % 8000);
    sequence.length = length, sequence.count = count;
    decoder.forward(ids, {sequence}, true, logits.data());
  };
  const auto prompt = [&](std::int64_t length) {
    for (std::int64_t at = 0; at < length; at += 512) pass(at, std::min<std::int64_t>(512, length - at));
  };
  constexpr int kTokens = 32;
  Times prefill[2], decode[2];
  prompt(2048);
  for (int run = 0; run < runs; ++run) {
    prefill[0].take([&] { prompt(512); });
    prefill[1].take([&] { prompt(2048); });
    for (int i = 0; i < 2; ++i)
      decode[i].take([&] { for (int t = 0; t < kTokens; ++t) pass(i * 1024 + t, 1); });
  }
  prefill[0].print("prefill", 512, 512, 0, limit), prefill[1].print("prefill", 2048, 2048, 0, limit);
  decode[0].print("decode at", 0, kTokens, bytes, limit), decode[1].print("decode at", 1024, kTokens, bytes, limit);
}

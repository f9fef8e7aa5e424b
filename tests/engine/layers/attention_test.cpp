// Attention and rotary positions against their formulas, written out.
#include "engine/layers/attention.h"

#include <cmath>

#include "engine/layers/norm.h"
#include "engine/layers/rope.h"
#include "support/catch.h"

namespace {

using torch::Tensor;

// One head and one token at a time, in f64, as the papers write it.
Tensor by_formula(const Tensor& q, const Tensor& k, const Tensor& v, const engine::SightOf& of) {
  const std::int64_t heads = q.size(0), count = q.size(1), width = q.size(2), seen = k.size(1), groups = heads / k.size(0);
  Tensor out = torch::empty({count, heads * width}, torch::kFloat64);
  for (std::int64_t t = 0; t < count; ++t)
    for (std::int64_t h = 0; h < heads; ++h) {
      const std::int64_t end = seen - count + t + 1, first = of.window > 0 ? std::max<std::int64_t>(0, end - of.window) : 0;
      const auto part = [&](const Tensor& all) { return all[h / groups].narrow(0, first, end - first).to(torch::kFloat64); };
      Tensor scores = part(k).mv(q[h][t].to(torch::kFloat64)) / std::sqrt(double(width));
      for (std::int64_t s = first; s < end && of.slopes_H.defined(); ++s) scores[s - first] -= of.slopes_H[h].item<double>() * double(end - 1 - s);
      out[t].narrow(0, h * width, width).copy_(part(v).t().mv(torch::softmax(scores, 0)));
    }
  return out;
}

}  // namespace

TEST_CASE("attention: equals its formula for every grouping, window and bias, alone, in chunks and behind a cache") {
  torch::manual_seed(5);
  for (const auto& [heads, kv_heads] : {std::pair{6, 2}, {4, 4}, {5, 1}})
    for (const auto& [count, seen] : {std::pair{1, 1}, {1, 37}, {2, 2}, {9, 9}, {7, 30}, {40, 41}})
      for (const int window : {0, 1, 5, 29, 100})
        for (const bool biased : {false, true}) {
          INFO(heads << " heads of " << kv_heads << ", " << count << " new of " << seen << ", window " << window << (biased ? ", ALiBi" : ""));
          const Tensor q = torch::randn({count, heads, 12}).transpose(0, 1) * 2, k = torch::randn({kv_heads, seen + 3, 12}).narrow(1, 0, seen) * 2,
                       v = torch::randn({kv_heads, seen + 3, 12}).narrow(1, 0, seen);
          const engine::SightOf of{.heads = heads, .kv_heads = kv_heads, .count = count, .seen = seen, .window = window,
                                   .slopes_H = biased ? torch::rand({heads}) : Tensor()};
          const engine::Sight sight = engine::sight(of, q.options());
          const auto visible = [&](const Tensor& all) { return all.narrow(1, sight.first, seen - sight.first); };
          const Tensor got = engine::attend(q, visible(k), visible(v), sight.mask, 1 / std::sqrt(12.0));
          CHECK((got.to(torch::kFloat64) - by_formula(q, k, v, of)).abs().max().item<double>() < 1e-5);
        }
}

TEST_CASE("rope: rotates pairs half a head apart by position times frequency") {
  engine::Rope rope(engine::rope_frequencies({.theta = 100}, 4), 1, torch::kCPU, torch::kFloat32);
  const Tensor x = torch::tensor({1.0F, 2.0F, 3.0F, 4.0F}).view({1, 1, 4});
  for (const std::int64_t at : {std::int64_t(0), std::int64_t(1), std::int64_t(300)}) {  // 300: the table has grown
    const Tensor got = engine::Rope::apply(x, rope.at(at, 1)).view({4});
    for (int i = 0; i < 2; ++i) {
      const double angle = double(at) * std::pow(100.0, -i / 2.0), a = i + 1, b = i + 3;
      CHECK(got[i].item<double>() == Approx(a * std::cos(angle) - b * std::sin(angle)).margin(1e-3));
      CHECK(got[i + 2].item<double>() == Approx(b * std::cos(angle) + a * std::sin(angle)).margin(1e-3));
    }
  }
}

TEST_CASE("rope: where the tables are narrower, the rest of a head stays") {
  engine::Rope rope(engine::rope_frequencies({.theta = 100}, 4), 1, torch::kCPU, torch::kFloat32);
  const Tensor x = torch::randn({2, 3, 10}), got = engine::Rope::apply(x, rope.at(5, 3));
  CHECK(torch::equal(got.narrow(-1, 4, 6), x.narrow(-1, 4, 6)));
  CHECK(torch::equal(got.narrow(-1, 0, 4), engine::Rope::apply(x.narrow(-1, 0, 4), rope.at(5, 3))));
}

TEST_CASE("rope: GGUF's factors divide the frequencies") {
  const Tensor plain = engine::rope_frequencies({.theta = 100}, 8), factors = torch::tensor({1.0F, 2.0F, 4.0F, 8.0F});
  CHECK(torch::allclose(engine::rope_frequencies({.theta = 100}, 8, factors), plain / factors));
}

TEST_CASE("layer norm: subtracts the mean, divides by the deviation, then weight and bias") {
  engine::LayerNorm norm(1e-5);
  norm.set(torch::tensor({2.0F, 0.5F, 1.0F}));
  const Tensor x = torch::tensor({3.0F, 4.0F, 8.0F}).view({1, 3});
  const double deviation = std::sqrt(14.0 / 3 + 1e-5);
  CHECK(norm.forward(x)[0][2].item<double>() == Approx(3 / deviation).epsilon(1e-5));
  norm.set_bias(torch::tensor({1.0F, 2.0F, 3.0F}));
  CHECK(norm.forward(x)[0][0].item<double>() == Approx(2 * -2 / deviation + 1).epsilon(1e-5));
}

TEST_CASE("norm: divides by the root of the mean square, in f32 also where the numbers are bf16") {
  engine::RmsNorm norm(1e-5);
  norm.set(torch::tensor({2.0F, 0.5F}));
  const Tensor got = norm.forward(torch::tensor({3.0F, 4.0F}).view({1, 2}));
  CHECK(got[0][0].item<double>() == Approx(2 * 3 / std::sqrt(12.5)).epsilon(1e-5));
  CHECK(got[0][1].item<double>() == Approx(0.5 * 4 / std::sqrt(12.5)).epsilon(1e-5));
  engine::RmsNorm narrow(1e-5);
  narrow.set(torch::ones({512}, torch::kBFloat16));
  const Tensor large = narrow.forward(torch::full({1, 512}, 300, torch::kBFloat16));  // a bf16 sum of 512 squares would stop growing
  CHECK(large.scalar_type() == torch::kBFloat16);
  CHECK(large[0][5].item<double>() == Approx(1).margin(0.01));
}

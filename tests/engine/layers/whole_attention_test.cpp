#include "engine/layers/whole_attention.h"

#include <ATen/CPUGeneratorImpl.h>

#include "engine/layers/attention_products.h"
#include "engine/layers/rope.h"
#include "support/catch.h"

using namespace engine;
using torch::Tensor;

namespace {

struct Shape {
  std::int64_t heads, kv_heads, width;
  std::vector<std::int64_t> counts;
};

struct Inputs {
  Tensor q, k, v, slope;  // [T, heads * width] as projections give them; slope: the gradient of the output
};

Inputs drawn(const Shape& s) {
  auto generator = at::detail::createCPUGenerator(7);
  std::int64_t total = 0;
  for (const std::int64_t count : s.counts) total += count;
  const auto normal = [&](std::int64_t heads) { return torch::empty({total, heads * s.width}).normal_(0, 1, generator).to(torch::kBFloat16); };
  return {normal(s.heads).set_requires_grad(true), normal(s.kv_heads).set_requires_grad(true), normal(s.kv_heads).set_requires_grad(true), normal(s.heads)};
}

Tensor by_head(const Tensor& x, std::int64_t heads) { return x.view({x.size(0), heads, -1}).transpose(0, 1); }

// The textbook's attention in f32, sequence by sequence.
Tensor plain(const Tensor& q_HTD, const Tensor& k_KTD, const Tensor& v_KTD, const std::vector<std::int64_t>& counts, double scale) {
  std::vector<Tensor> parts;
  const std::int64_t shared = q_HTD.size(0) / k_KTD.size(0);
  std::int64_t first = 0;
  for (const std::int64_t count : counts) {
    const Tensor q = q_HTD.narrow(1, first, count), k = k_KTD.narrow(1, first, count).repeat_interleave(shared, 0), v = v_KTD.narrow(1, first, count).repeat_interleave(shared, 0);
    const Tensor mask = torch::full({count, count}, -INFINITY).triu(1);
    parts.push_back(torch::matmul(torch::softmax(torch::matmul(q, k.transpose(1, 2)) * scale + mask, -1), v).transpose(0, 1).reshape({count, -1}));
    first += count;
  }
  return torch::cat(parts);
}

// How far `ours` is from `exact`, as a share of its size.
double off(const Tensor& ours, const Tensor& exact) { return ((ours.to(torch::kFloat32) - exact).norm() / exact.norm()).item<double>(); }

void check(const Shape& s) {
  const double scale = 1 / std::sqrt(double(s.width));
  const Inputs in = drawn(s);
  const auto ours = attend_with_gradients(by_head(in.q, s.heads), by_head(in.k, s.kv_heads), by_head(in.v, s.kv_heads), s.counts, scale);
  REQUIRE(ours.has_value());
  const std::vector<Tensor> slopes = torch::autograd::grad({*ours}, {in.q, in.k, in.v}, {in.slope});
  const auto exactly = [](const Tensor& x) { return x.detach().to(torch::kFloat32).set_requires_grad(true); };
  const Tensor q = exactly(in.q), k = exactly(in.k), v = exactly(in.v);
  const Tensor exact = plain(by_head(q, s.heads), by_head(k, s.kv_heads), by_head(v, s.kv_heads), s.counts, scale);
  const std::vector<Tensor> exact_slopes = torch::autograd::grad({exact}, {q, k, v}, {in.slope.to(torch::kFloat32)});
  CAPTURE(s.heads, s.kv_heads, s.width, s.counts);
  CHECK(off(*ours, exact) < 4e-3);
  for (size_t i = 0; i < 3; ++i) CHECK(off(slopes[i], exact_slopes[i]) < 8e-3);
}

}  // namespace

TEST_CASE("attention of whole sequences and its gradient are the textbook's, to what bf16 holds") {
  if (!can_multiply()) return;  // libtorch's own attention serves
  check({1, 1, 64, {64}});
  check({5, 5, 64, {512}});
  check({2, 2, 64, {1, 2, 63, 64, 65, 127, 130}});
  check({4, 2, 32, {100, 3, 300}});
  check({6, 1, 16, {70, 1}});
  check({2, 1, 128, {200}});
}

TEST_CASE("attention of whole sequences has the same bits every time, whatever thread comes first") {
  if (!can_multiply()) return;
  const Shape s{4, 2, 32, {100, 3, 300}};
  const Inputs in = drawn(s);
  std::vector<Tensor> before;
  for (int round = 0; round < 3; ++round) {
    const auto out = attend_with_gradients(by_head(in.q, s.heads), by_head(in.k, s.kv_heads), by_head(in.v, s.kv_heads), s.counts, 0.2);
    std::vector<Tensor> now = torch::autograd::grad({*out}, {in.q, in.k, in.v}, {in.slope});
    now.push_back(*out);
    for (size_t i = 0; i < before.size(); ++i) CHECK(torch::equal(before[i], now[i]));
    before = std::move(now);
  }
}

TEST_CASE("attention of whole sequences is left to libtorch where it does not fit") {
  const Shape s{2, 2, 32, {5}};
  const Inputs in = drawn(s);
  const auto heads = [&](const Tensor& x) { return by_head(x, 2); };
  CHECK_FALSE(attend_with_gradients(heads(in.q.to(torch::kFloat32)), heads(in.k.to(torch::kFloat32)), heads(in.v.to(torch::kFloat32)), s.counts, 1));
  CHECK_FALSE(attend_with_gradients(by_head(in.q, 8), by_head(in.k, 8), by_head(in.v, 8), s.counts, 1));  // a head of 8
  const torch::NoGradGuard plain;
  CHECK_FALSE(attend_with_gradients(heads(in.q), heads(in.k), heads(in.v), s.counts, 1));
}

TEST_CASE("turning by positions with gradients is what it is without, and its gradient turns back") {
  Rope rope(rope_frequencies({}, 32), 1, torch::kCPU, torch::kBFloat16);
  const Rope::Rows rows = rope.at(3, 70);
  auto generator = at::detail::createCPUGenerator(3);
  const Tensor x = torch::empty({70, 4 * 32}).normal_(0, 1, generator).to(torch::kBFloat16), slope = torch::empty_like(x).normal_(0, 1, generator);
  const Tensor with = x.detach().set_requires_grad(true), exact = x.detach().to(torch::kFloat32).set_requires_grad(true);
  const Tensor turned = Rope::apply(by_head(with, 4), rows);
  const Tensor exactly = Rope::apply(by_head(exact, 4), {rows.cos_TD.to(torch::kFloat32), rows.signed_sin_TD.to(torch::kFloat32)});
  CHECK(off(turned, exactly) < 3e-3);
  const Tensor slopes = torch::autograd::grad({turned}, {with}, {by_head(slope, 4)})[0];
  const Tensor exact_slopes = torch::autograd::grad({exactly}, {exact}, {by_head(slope.to(torch::kFloat32), 4)})[0];
  CHECK(off(slopes, exact_slopes) < 3e-3);
}

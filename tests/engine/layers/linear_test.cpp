// However a weight is held, the product is that of its floats.
#include "engine/layers/linear.h"

#include "engine/quant/weights_of.h"
#include "support/catch.h"

namespace {

using engine::GroupedWeight;
using engine::Linear;
using tests::Form;
using torch::Tensor;

const Form kForms[] = {{5, 32, 4, 32, 8, false}, {7, 64, 4, 16, 4, true}, {300, 576, 4, 32, 0, true}, {33, 96, 8, 16, 0, false}, {1000, 1024, 8, 32, 0, true}};

Tensor floats_of(const GroupedWeight& weight) {
  Tensor floats = torch::empty({weight.rows, weight.columns});
  engine::expand(weight, 0, weight.rows, floats.mutable_data_ptr<float>());
  return floats;
}

double worst(const Tensor& got, const Tensor& wanted) { return ((got - wanted).abs().max() / wanted.abs().max().clamp_min(1e-6)).item<double>(); }

}  // namespace

TEST_CASE("linear: a quantised weight multiplies like its floats, for one row, a few, and many") {
  std::mt19937 random(11);
  torch::manual_seed(11);
  for (const Form& form : kForms) {
    const GroupedWeight weight = tests::random_weight(random, form);
    const Tensor floats = floats_of(weight), bias = torch::randn({form.rows});
    Linear plain, grouped;
    plain.set(floats), plain.set_bias(bias);
    grouped.set(weight, torch::kCPU, torch::kFloat32), grouped.set_bias(bias);
    CHECK(grouped.bytes() == weight.bytes() + form.rows * 4);
    for (const std::int64_t count : {1, 2, 8, 9, 70}) {
      INFO("[" << form.rows << ", " << form.columns << "] bits " << form.bits << ", " << count << " rows");
      const torch::InferenceMode inference;  // as the engine runs: worker threads must be in it too
      const Tensor x = torch::randn({count, form.columns});
      const Tensor got = grouped.forward(x);
      CHECK(got.sizes() == torch::IntArrayRef({count, form.rows}));
      CHECK(worst(got, torch::linear(x, floats, bias)) < 1e-5);
      CHECK(worst(plain.forward(x), torch::linear(x, floats, bias)) < 1e-6);
    }
  }
}

TEST_CASE("linear: in bf16 the answer is bf16, and near") {
  std::mt19937 random(12);
  const GroupedWeight weight = tests::random_weight(random, {48, 128, 8, 32, 0, true});
  Linear grouped;
  grouped.set(weight, torch::kCPU, torch::kBFloat16);
  for (const std::int64_t count : {1, 40}) {
    const Tensor x = torch::randn({count, 128});
    const Tensor got = grouped.forward(x.to(torch::kBFloat16));
    CHECK(got.scalar_type() == torch::kBFloat16);
    CHECK(worst(got.to(torch::kFloat32), torch::linear(x, floats_of(weight))) < 2e-2);
  }
}

TEST_CASE("linear: rows of the table are the weight's rows") {
  std::mt19937 random(13);
  const GroupedWeight weight = tests::random_weight(random, {50, 64, 4, 32, 0, true});
  const Tensor floats = floats_of(weight), ids = torch::tensor({49, 0, 7, 7}, torch::kInt64);
  Linear plain, grouped;
  plain.set(floats);
  grouped.set(weight, torch::kCPU, torch::kFloat32);
  CHECK(torch::equal(plain.rows(ids), floats.index_select(0, ids)));
  CHECK(torch::equal(grouped.rows(ids), floats.index_select(0, ids)));
}

TEST_CASE("grouped tensor: plain tensor operations expand to the same floats as the kernels") {
  std::mt19937 random(14);
  for (const Form& form : kForms) {
    const GroupedWeight weight = tests::random_weight(random, form);
    const engine::GroupedTensor held(weight, torch::kCPU);
    const Tensor floats = floats_of(weight), ids = torch::tensor({form.rows - 1, std::int64_t(0)}, torch::kInt64);
    INFO("[" << form.rows << ", " << form.columns << "] bits " << form.bits << " group " << form.group << " zero " << form.zero);
    CHECK(torch::equal(held.expand(0, form.rows, torch::kFloat32), floats));
    CHECK(torch::equal(held.expand(1, form.rows - 1, torch::kFloat32), floats.narrow(0, 1, form.rows - 1)));
    CHECK(torch::equal(held.rows(ids, torch::kFloat32), floats.index_select(0, ids)));
    CHECK(held.bytes() == weight.bytes());
  }
}

TEST_CASE("linear: on a device, large weights are expanded in tiles") {
  engine::GroupedWeight weight{.rows = 2000, .columns = 32768, .bits = 4, .codes = std::vector<std::uint8_t>(2000 * 16384), .scales = std::vector<float>(2000 * 1024)};
  Linear held;
  held.set(std::move(weight), torch::kMeta, torch::kFloat16);  // meta: shapes only, and nothing of the host's
  const auto half = torch::TensorOptions(torch::kFloat16).device(torch::kMeta);
  CHECK(held.forward(torch::empty({3, 32768}, half)).sizes() == torch::IntArrayRef({3, 2000}));
  CHECK(held.rows(torch::empty({5}, torch::TensorOptions(torch::kInt64).device(torch::kMeta))).sizes() == torch::IntArrayRef({5, 32768}));
}

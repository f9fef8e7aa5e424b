// The decode step's loops of every table this processor runs against the reference: odd shapes, tails, extreme values.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "base/float16.h"
#include "engine/kernels/int8_buffer.h"
#include "engine/kernels/kernels.h"
#include "engine/quant/weights_of.h"
#include "support/catch.h"

namespace {

using engine::GroupedWeight;
using engine::Int8Buffer;
using engine::Kernels;
using engine::PackedWeight;
using engine::cpu::Fused;
using tests::Form;

const Form kForms[] = {{1, 32, 4, 32, 0, false}, {1, 32, 8, 32, 0, false},  {3, 32, 4, 16, 4, false},  {16, 64, 4, 32, 8, false},  {17, 96, 8, 16, 0, false},
                       {31, 160, 4, 32, 0, true}, {33, 256, 4, 16, 0, true}, {64, 576, 4, 32, 0, true}, {50, 896, 8, 32, 0, true}, {48, 4864, 4, 32, 8, false},
                       {35, 352, 8, 16, 0, true}, {20, 96, 4, 32, 8, true},  {100, 1536, 8, 32, 0, false}};

std::vector<float> random_floats(std::mt19937& random, std::int64_t count, float size = 1) {
  std::normal_distribution<float> normal(0, size);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = normal(random);
  return values;
}

const Fused& reference() { return *engine::reference_kernels().fused; }

void quantize(const Fused& fused, Int8Buffer& buffer, const std::vector<float>& x, std::int64_t columns, engine::cpu::Norm norm = {nullptr, 0}) {
  const auto rows = std::int64_t(x.size()) / columns;
  fused.quantize(x.data(), {0, rows}, norm, buffer.resize(rows, columns));
}

using Product = decltype(Fused::matmul) Fused::*;

// The same int8 rows for both: only the order of f32 sums differs.
void check_matmul(const Kernels& table, const GroupedWeight& w, const std::vector<float>& x, bool add, Product product = &Fused::matmul) {
  const PackedWeight packed = engine::pack(w);
  const std::int64_t count = std::int64_t(x.size()) / w.columns, stride = w.rows + 3;
  Int8Buffer rows;
  quantize(reference(), rows, x, w.columns);
  std::vector<float> wanted(std::size_t(count * stride), 0.5F), got = wanted;
  (reference().*product)(packed.view(), {0, packed.panels()}, rows.rows(), {0, count}, wanted.data(), stride, add);
  const std::int64_t split = packed.panels() / 2;  // as two threads would
  (table.fused->*product)(packed.view(), {split, packed.panels()}, rows.rows(), {0, count}, got.data(), stride, add);
  (table.fused->*product)(packed.view(), {0, split}, rows.rows(), {0, count}, got.data(), stride, add);
  std::vector<float> plain(static_cast<std::size_t>(w.columns));
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t row = 0; row < stride; ++row) {
      double magnitude = row < w.rows ? 1e-3 : 0;
      if (row < w.rows) {
        packed.row(row, plain.data());
        for (std::int64_t c = 0; c < w.columns; ++c) magnitude += std::abs(double(plain[std::size_t(c)]) * double(x[std::size_t(i * w.columns + c)]));
        if (w.zero > 0 || w.bits == 8 || !w.minimums.empty()) magnitude *= 8;  // what cancels: zero and minimum
      }
      INFO(table.name << " [" << w.rows << ", " << w.columns << "] bits " << w.bits << " group " << w.group << " input " << i << " of " << count << " row " << row);
      REQUIRE(std::abs(double(got[std::size_t(i * stride + row)]) - double(wanted[std::size_t(i * stride + row)])) <= magnitude * 4e-6);
    }
}

template <class Check>
void for_each_table(const Check& check) {
  for (const Kernels* table : engine::runnable_kernels()) check(*table);
}

}  // namespace

TEST_CASE("fused: packing keeps every weight, scales rounded to half") {
  std::mt19937 random(1);
  for (const Form& form : kForms) {
    GroupedWeight w = tests::random_weight(random, form);
    for (float& s : w.scales) s = base::half_to_float(base::float_to_half(s));  // as Q8_0, Q4_0 and Q4_1 store them
    for (float& m : w.minimums) m = base::half_to_float(base::float_to_half(m));
    const PackedWeight packed = engine::pack(w);
    const bool exact = w.bits == 8 || w.zero == 0 || w.minimums.empty();  // otherwise the zero is folded into the minimum
    std::vector<float> wanted(static_cast<std::size_t>(w.columns)), got(wanted.size());
    for (std::int64_t row = 0; row < w.rows; ++row) {
      engine::reference_kernels().grouped_expand(w, row, 1, wanted.data());
      packed.row(row, got.data());
      for (std::size_t c = 0; c < wanted.size(); ++c) {
        INFO("[" << w.rows << ", " << w.columns << "] bits " << w.bits << " group " << w.group << " row " << row << " column " << c);
        REQUIRE(std::abs(got[c] - wanted[c]) <= (exact ? 1e-7F : 1e-3F));
      }
    }
    CHECK(packed.bytes() <= (form.rows + 15) / 16 * 16 * (form.columns * form.bits / 8 + form.columns / form.group * 4));
  }
}

TEST_CASE("fused: scales of any size are packed") {
  std::mt19937 random(2);
  for (const float size : {1e-30F, 1e-6F, 1e6F, 1e30F}) {
    GroupedWeight w = tests::random_weight(random, {16, 64, 8, 32, 0, false});
    for (float& s : w.scales) s *= size;
    std::vector<float> wanted(64), got(64);
    for (std::int64_t row = 0; row < 16; ++row) {
      engine::reference_kernels().grouped_expand(w, row, 1, wanted.data());
      engine::pack(w).row(row, got.data());
      for (std::size_t c = 0; c < 64; ++c) REQUIRE(got[c] == Approx(wanted[c]).epsilon(5e-4).margin(size * 1e-6));
    }
  }
}

TEST_CASE("fused: matmul agrees with the reference on the same int8 rows") {
  std::mt19937 random(3);
  for_each_table([&](const Kernels& table) {
    for (const Form& form : kForms) {
      const GroupedWeight w = tests::random_weight(random, form);
      for (const std::int64_t count : {0, 1, 2, 3, 4, 5, 7, 8, 11, 17}) check_matmul(table, w, random_floats(random, count * form.columns), count % 2 == 1);
    }
  });
}

TEST_CASE("fused: the product of many inputs agrees with the reference on the same int8 rows") {
  std::mt19937 random(13);
  for_each_table([&](const Kernels& table) {
    if (!table.fused->matmul_many) return;
    for (const Form& form : kForms) {
      if (form.bits != 4) continue;
      const GroupedWeight w = tests::random_weight(random, form);
      for (const std::int64_t count : {0, 1, 2, 3, 4, 5, 7, 8, 64}) check_matmul(table, w, random_floats(random, count * form.columns), count % 2 == 1, &Fused::matmul_many);
    }
  });
}

TEST_CASE("fused: the product of many inputs is that of few but for a hundredth of its rounding") {
  std::mt19937 random(14);
  for (const Form& form : kForms) {
    if (form.bits != 4 || form.columns < 128) continue;
    const PackedWeight packed = engine::pack(tests::random_weight(random, form));
    Int8Buffer rows;
    const auto x = random_floats(random, 64 * form.columns);
    quantize(reference(), rows, x, form.columns);
    std::vector<float> few(std::size_t(64 * form.rows)), many(few.size());
    reference().matmul(packed.view(), {0, packed.panels()}, rows.rows(), {0, 64}, few.data(), form.rows, false);
    reference().matmul_many(packed.view(), {0, packed.panels()}, rows.rows(), {0, 64}, many.data(), form.rows, false);
    double off = 0, all = 0;
    for (std::size_t i = 0; i < few.size(); ++i) off += std::pow(double(few[i] - many[i]), 2), all += std::pow(double(few[i]), 2);
    INFO("[" << form.rows << ", " << form.columns << "] group " << form.group << " zero " << form.zero);
    CHECK(std::sqrt(off / all) < 0.012);
  }
}

TEST_CASE("fused: matmul sums codes at their limits exactly") {
  for_each_table([&](const Kernels& table) {
    for (const int bits : {8, 4})
      for (const int code : {0x00, 0x7F, 0x80, 0xFF})
        for (const float sign : {1.0F, -1.0F}) {
          std::mt19937 random(4);
          GroupedWeight w = tests::random_weight(random, {32, 128, bits, 32, bits == 4 ? 8 : 0, false});
          std::fill(w.codes.begin(), w.codes.end(), std::uint8_t(code));
          check_matmul(table, w, std::vector<float>(3 * 128, sign * 127), false);  // every activation is +-127
          if (bits == 4 && table.fused->matmul_many) check_matmul(table, w, std::vector<float>(5 * 128, sign * 127), false, &Fused::matmul_many);
        }
  });
}

TEST_CASE("fused: int8 rows stand for what they were made of") {
  std::mt19937 random(5);
  for_each_table([&](const Kernels& table) {
    for (const std::int64_t columns : {32, 96, 576, 896})
      for (const float size : {1e-15F, 1e-3F, 1.0F, 1e15F}) {  // squares stay finite
        const auto x = random_floats(random, 3 * columns, size), weight = random_floats(random, columns);
        for (const float* norm : {static_cast<const float*>(nullptr), weight.data()}) {
          Int8Buffer wanted, got;
          quantize(reference(), wanted, x, columns, {norm, 1e-6F});
          quantize(*table.fused, got, x, columns, {norm, 1e-6F});
          INFO(table.name << " columns " << columns << " size " << size);
          for (std::int64_t i = 0; i < 3 * columns; ++i) {
            const std::int64_t unit = i / 32;
            const float a = wanted.rows().scales[unit] * wanted.rows().codes[i], b = got.rows().scales[unit] * got.rows().codes[i];
            REQUIRE(std::abs(a - b) <= wanted.rows().scales[unit] * 1.01F);  // a tie may round the other way
            if (!norm) REQUIRE(std::abs(b - x[std::size_t(i)]) <= got.rows().scales[unit] * 0.501F);
          }
          for (std::int64_t unit = 0; unit < 3 * columns / 32; ++unit) {
            int sums[2] = {0, 0};
            for (int k = 0; k < 32; ++k) sums[k / 16] += got.rows().codes[unit * 32 + k];
            REQUIRE(got.rows().minus_sums[2 * unit] == -sums[0]);
            REQUIRE(got.rows().minus_sums[2 * unit + 1] == -sums[1]);
            REQUIRE(got.rows().minus_sum32[unit] == -sums[0] - sums[1]);
            REQUIRE(got.rows().sum32[unit] == Approx(got.rows().scales[unit] * float(sums[0] + sums[1])));
            REQUIRE(got.rows().sums[2 * unit + 1] == Approx(got.rows().scales[unit] * float(sums[1])));
          }
        }
      }
  });
}

TEST_CASE("fused: units that are quantised together come out as each alone does") {
  std::mt19937 random(15);
  for_each_table([&](const Kernels& table) {
    constexpr std::int64_t kColumns = 11 * 32;
    auto x = random_floats(random, kColumns);
    std::fill_n(x.begin() + 64, 32, 0.0F);
    for (std::int64_t i = 96; i < 128; ++i) x[std::size_t(i)] *= 1e-36F;
    x[5 * 32 + 3] = std::nanf("");
    Int8Buffer together, alone;
    quantize(*table.fused, together, x, kColumns);
    for (std::int64_t unit = 0; unit < kColumns / 32; ++unit) {
      quantize(*table.fused, alone, std::vector<float>(x.begin() + unit * 32, x.begin() + (unit + 1) * 32), 32);
      const auto &a = together.rows(), &b = alone.rows();
      INFO(table.name << " unit " << unit);
      CHECK(std::equal(b.codes, b.codes + 32, a.codes + unit * 32));
      CHECK(std::memcmp(b.scales, a.scales + unit, 4) == 0);
      CHECK(std::memcmp(b.sums, a.sums + 2 * unit, 8) == 0);
      CHECK(std::memcmp(b.sum32, a.sum32 + unit, 4) == 0);
      CHECK(std::equal(b.minus_sums, b.minus_sums + 2, a.minus_sums + 2 * unit));
      CHECK(b.minus_sum32[0] == a.minus_sum32[unit]);
    }
  });
}

TEST_CASE("fused: a value that is not finite reaches every output") {
  std::mt19937 random(6);
  const PackedWeight packed = engine::pack(tests::random_weight(random, {20, 160, 4, 32, 8, false}));
  for_each_table([&](const Kernels& table) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      auto x = random_floats(random, 160);
      x[41] = bad;
      Int8Buffer rows;
      quantize(*table.fused, rows, x, 160);
      std::vector<float> y(20);
      table.fused->matmul(packed.view(), {0, 2}, rows.rows(), {0, 1}, y.data(), 20, false);
      for (const float v : y) CHECK(std::isnan(v));
      quantize(*table.fused, rows, std::vector<float>(160, 0.0F), 160);  // and a row of zeros is zeros
      table.fused->matmul(packed.view(), {0, 2}, rows.rows(), {0, 1}, y.data(), 20, false);
      for (const float v : y) CHECK(v == 0);
    }
  });
}

TEST_CASE("fused: attention over a cache written position by position") {
  std::mt19937 random(7);
  for_each_table([&](const Kernels& table) {
    for (const std::int64_t width : {16, 48, 64, 80, 128})
      for (const std::int64_t length : {1, 5, 16, 63, 64, 65, 200}) {
        const auto capacity = std::size_t((length + 63) / 64 * 64 * width);
        std::vector<std::uint16_t> keys[2] = {std::vector<std::uint16_t>(capacity, 0x7E00), std::vector<std::uint16_t>(capacity, 0x7E00)};  // NaN: unwritten
        std::vector<std::uint16_t> values[2] = {keys[0], keys[0]};
        const engine::cpu::HeadCache wanted{keys[0].data(), values[0].data(), width}, got{keys[1].data(), values[1].data(), width};
        for (std::int64_t at = 0; at < length; ++at) {
          const auto key = random_floats(random, width), value = random_floats(random, width);
          reference().keep(wanted, at, key.data(), value.data());
          table.fused->keep(got, at, key.data(), value.data());
        }
        REQUIRE(keys[0] == keys[1]);
        REQUIRE(values[0] == values[1]);
        for (std::int64_t rows = 1; rows <= 4; ++rows) {
          const auto queries = random_floats(random, rows * width, 0.5F);
          std::vector<std::int64_t> seen;
          for (std::int64_t r = 0; r < rows; ++r) seen.push_back(std::max<std::int64_t>(1, length - rows + r + 1));
          struct Made {
            std::vector<float> most, total, out;
          };
          const auto attend = [&](const Fused& fused, const engine::cpu::HeadCache& cache, std::int64_t split) {
            Made made{std::vector<float>(4, -INFINITY), std::vector<float>(4, 0), std::vector<float>(std::size_t(rows * width), 0)};
            const engine::cpu::AttentionTile tile{rows, queries.data(), seen.data(), made.most.data(), made.total.data(), made.out.data()};
            fused.attend(cache, {0, split}, tile);
            fused.attend(cache, {split, length}, tile);
            for (std::size_t i = 0; i < made.out.size(); ++i) made.out[i] /= made.total[i / std::size_t(width)];
            return made.out;
          };
          const auto a = attend(reference(), wanted, 0), b = attend(*table.fused, got, length / 64 / 2 * 64);
          INFO(table.name << " width " << width << " length " << length << " rows " << rows);
          for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(b[i] == Approx(a[i]).margin(2e-5));
        }
      }
  });
}

TEST_CASE("fused: attention of many rows, each seeing what stands before it") {
  std::mt19937 random(9);
  const auto run = [](const Fused& fused, const engine::cpu::HeadCache& cache, engine::cpu::Range positions, const std::vector<float>& queries, const std::vector<std::int64_t>& seen) {
    const std::size_t rows = seen.size();
    std::vector<float> most(rows, -INFINITY), total(rows, 0), out(rows * std::size_t(cache.width), 0);
    const engine::cpu::AttentionTile tile{std::int64_t(rows), queries.data(), seen.data(), most.data(), total.data(), out.data()};
    const std::int64_t middle = (positions.begin + positions.end) / 128 * 64;
    fused.attend(cache, {positions.begin, middle}, tile);
    fused.attend(cache, {middle, positions.end}, tile);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] /= total[i / std::size_t(cache.width)];
    return out;
  };
  for_each_table([&](const Kernels& table) {
    for (const std::int64_t width : {16, 48, 64, 80, 128, 144})
      for (const auto& [rows, length] : {std::pair<std::int64_t, std::int64_t>{5, 70}, {9, 9}, {10, 130}, {63, 64}, {64, 200}, {64, 1000}, {67, 300}, {126, 200}, {128, 500}, {130, 300}})
        for (const float size : {1e-4F, 1.0F, 8.0F}) {  // of the scores: all alike, mixed, one above all
          const auto capacity = std::size_t((length + 63) / 64 * 64 * width);
          std::vector<std::uint16_t> keys(capacity, 0x7E00), values = keys;  // NaN: unwritten
          const engine::cpu::HeadCache cache{keys.data(), values.data(), width};
          const auto bias = random_floats(random, width, 3);  // some columns are larger than others, as real keys are
          for (std::int64_t at = 0; at < length; ++at) {
            auto key = random_floats(random, width);
            for (std::size_t d = 0; d < key.size(); ++d) key[d] += bias[d];
            if (at == 7) std::fill(key.begin(), key.end(), 0.0F);
            table.fused->keep(cache, at, key.data(), random_floats(random, width).data());
          }
          const auto queries = random_floats(random, rows * width, size / std::sqrt(float(width)));
          std::vector<std::int64_t> seen;
          for (std::int64_t r = 0; r < rows; ++r) seen.push_back(std::max<std::int64_t>(1, length - (rows - 1 - r) / 3));
          const auto wanted = run(reference(), cache, {0, length}, queries, seen), got = run(*table.fused, cache, {0, length}, queries, seen);
          double off = 0, whole = 0;
          for (std::size_t i = 0; i < got.size(); ++i) off += std::pow(double(got[i]) - wanted[i], 2), whole += std::pow(double(wanted[i]), 2);
          INFO(table.name << " width " << width << " rows " << rows << " length " << length << " size " << size);
          REQUIRE(std::sqrt(off / whole) <= 4e-3);  // bfloat16 would be 4e-3 off in each key and value alone
          for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(got[i] == Approx(wanted[i]).margin(0.04));  // of values up to 4
        }
  });
}

TEST_CASE("fused: attention of many rows over extremes") {
  for_each_table([&](const Kernels& table) {
    INFO(table.name);
    constexpr std::int64_t kWidth = 64, kRows = 16, kLength = 64;
    std::vector<std::uint16_t> keys(kLength * kWidth), values(kLength * kWidth);
    const engine::cpu::HeadCache cache{keys.data(), values.data(), kWidth};
    const auto out_of = [&](float key, float value, float query) {
      for (std::int64_t at = 0; at < kLength; ++at) table.fused->keep(cache, at, std::vector<float>(kWidth, key).data(), std::vector<float>(kWidth, value).data());
      const std::vector<float> queries(kRows * kWidth, query);
      const std::vector<std::int64_t> seen(kRows, kLength);
      std::vector<float> most(kRows, -INFINITY), total(kRows, 0), out(kRows * kWidth, 0);
      table.fused->attend(cache, {0, kLength}, {kRows, queries.data(), seen.data(), most.data(), total.data(), out.data()});
      for (std::size_t i = 0; i < out.size(); ++i) out[i] /= total[i / kWidth];
      return out;
    };
    for (const float sign : {1.0F, -1.0F})  // every product and every weight at its limit
      for (const float v : out_of(65504.0F * sign, 65504.0F * sign, 65504.0F)) REQUIRE(v == Approx(65504.0F * sign).epsilon(1e-3));
    for (const float v : out_of(0, 0, 0)) REQUIRE(v == 0);
    for (const float v : out_of(6e-8F, 6e-8F, 1e-30F)) REQUIRE(v == Approx(6e-8F).epsilon(0.01));
    for (const float v : out_of(1, std::nanf(""), 1)) REQUIRE(std::isnan(v));
    for (const float v : out_of(1, 1, std::nanf(""))) REQUIRE(std::isnan(v));
    for (const float v : out_of(1, 1, INFINITY)) REQUIRE(std::isnan(v));
  });
}

TEST_CASE("fused: elementwise loops over tails and extremes") {
  std::mt19937 random(8);
  for_each_table([&](const Kernels& table) {
    INFO(table.name);
    for (const std::int64_t count : {1, 15, 16, 17, 576, 50257}) {
      auto gate = random_floats(random, count, 10), up = random_floats(random, count);
      gate[0] = count % 2 ? -200.0F : 200.0F;
      std::vector<float> a(gate.size()), b(gate.size());
      reference().silu_mul(gate.data(), up.data(), count, a.data());
      table.fused->silu_mul(gate.data(), up.data(), count, b.data());
      for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(b[i] == Approx(a[i]).epsilon(1e-5).margin(1e-6));
      gate[std::size_t(count / 2)] = gate[std::size_t(count - 1)] = 300;  // equals: the first
      CHECK(table.fused->argmax(gate.data(), count) == reference().argmax(gate.data(), count));
      CHECK(table.fused->log_sum_exp(gate.data(), count) == Approx(reference().log_sum_exp(gate.data(), count)).margin(1e-5));
      CHECK(table.fused->log_sum_exp(up.data(), count) == Approx(reference().log_sum_exp(up.data(), count)).margin(1e-5));
    }
    for (const std::int64_t width : {4, 16, 64, 80, 128}) {
      auto x = random_floats(random, 3 * width), y = x;
      const auto cos = random_floats(random, width / 2), sin = random_floats(random, width / 2);
      reference().rope(x.data(), 3, width, cos.data(), sin.data());
      table.fused->rope(y.data(), 3, width, cos.data(), sin.data());
      for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(y[i] == Approx(x[i]).margin(1e-5));
    }
  });
}

TEST_CASE("halves: to the nearest, both ways") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = base::half_to_float(std::uint16_t(bits));
    if (std::isnan(value)) REQUIRE(std::isnan(base::half_to_float(base::float_to_half(value))));
    else REQUIRE(base::float_to_half(value) == bits);
  }
  CHECK(base::float_to_half(65519.0F) == 0x7BFF);
  CHECK(base::float_to_half(65520.0F) == 0x7C00);
  CHECK(base::float_to_half(1.0F + 0x1p-11F) == 0x3C00);             // a tie goes to even
  CHECK(base::float_to_half(1.0F + 0x1p-11F + 0x1p-20F) == 0x3C01);
  CHECK(base::float_to_half(0x1p-25F) == 0);
  CHECK(base::float_to_half(0x1.8p-25F) == 1);
}

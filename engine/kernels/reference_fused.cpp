#include "engine/kernels/reference_fused.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/float16.h"

namespace engine {
namespace {

using namespace cpu;

void quantize_group(const double* x, std::int64_t at, const Int8Rows& out) {
  double most = 0;
  bool finite = true;
  for (int i = 0; i < kUnit; ++i) {
    most = std::max(most, std::abs(x[i]));
    finite = finite && std::isfinite(x[i]);
  }
  const double scale = std::max(most, 0x1p-100) / 127;
  std::int32_t totals[2] = {0, 0};
  for (int i = 0; i < kUnit; ++i) {
    const int code = finite ? int(std::nearbyint(x[i] / scale)) : 0;
    out.codes[at * kUnit + i] = std::int8_t(code);
    totals[i / 16] += code;
  }
  const float kept = finite ? float(scale) : std::numeric_limits<float>::quiet_NaN();
  out.scales[at] = kept;
  for (int half = 0; half < 2; ++half) {
    out.minus_sums[2 * at + half] = -totals[half];
    out.sums[2 * at + half] = kept * float(totals[half]);
  }
  out.minus_sum32[at] = -(totals[0] + totals[1]);
  out.sum32[at] = kept * float(totals[0] + totals[1]);
}

void quantize(const float* x, Range rows, Norm norm, const Int8Rows& out) {
  std::vector<double> row(static_cast<std::size_t>(out.columns));
  for (std::int64_t i = rows.begin; i < rows.end; ++i) {
    double squares = 0;
    for (std::int64_t c = 0; c < out.columns; ++c) squares += double(x[i * out.columns + c]) * double(x[i * out.columns + c]);
    const double scale = norm.weight ? 1 / std::sqrt(squares / double(out.columns) + double(norm.epsilon)) : 1;
    for (std::int64_t c = 0; c < out.columns; ++c) row[std::size_t(c)] = double(x[i * out.columns + c]) * scale * (norm.weight ? double(norm.weight[c]) : 1);
    for (std::int64_t unit = 0; unit < out.columns / kUnit; ++unit) quantize_group(row.data() + unit * kUnit, i * (out.columns / kUnit) + unit, out);
  }
}

int code_at(const PackedView& w, std::int64_t row, std::int64_t column) {
  const std::int64_t in_unit = column % kUnit, r = row % kPanel;
  const std::uint8_t* unit = w.codes + (row / kPanel * (w.columns / kUnit) + column / kUnit) * w.bits * 64;
  if (w.bits == 8) return unit[in_unit / 4 * 64 + r * 4 + in_unit % 4];
  const int both = unit[in_unit % 16 / 4 * 64 + r * 4 + in_unit % 4];
  return in_unit < 16 ? both & 15 : both >> 4;
}

double weight_at(const PackedView& w, std::int64_t row, std::int64_t column) {
  const std::int64_t at = (row / kPanel * (w.columns / w.group) + column / w.group) * kPanel + row % kPanel;
  const double minimum = w.minimums ? double(base::half_to_float(w.minimums[at])) : 0;
  return double(w.unit) * (double(base::half_to_float(w.scales[at])) * (code_at(w, row, column) - w.zero) + minimum);
}

void matmul(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, std::int64_t stride, bool add) {
  for (std::int64_t row = panels.begin * kPanel; row < std::min(panels.end * kPanel, w.rows); ++row)
    for (std::int64_t i = inputs.begin; i < inputs.end; ++i) {
      double sum = 0;
      for (std::int64_t c = 0; c < w.columns; ++c)
        sum += weight_at(w, row, c) * double(x.scales[i * (w.columns / kUnit) + c / kUnit]) * x.codes[i * w.columns + c];
      float& out = y[i * stride + row];
      out = float(add ? double(out) + sum : sum);
    }
}

// What 256 columns' weights are rounded to: a byte for each column, and what one of its steps is worth.
struct RoundedBlock {
  std::array<int, 256> bytes{};
  float step = 0;
};

RoundedBlock round_block(const PackedView& w, std::int64_t row, std::int64_t begin, std::int64_t end) {
  const auto line = [&](std::int64_t column) {
    const std::int64_t at = (row / kPanel * (w.columns / w.group) + column / w.group) * kPanel + row % kPanel;
    const float scale = base::half_to_float(w.scales[at]), minimum = w.minimums ? base::half_to_float(w.minimums[at]) : 0;
    return std::pair{scale, minimum - scale * float(w.zero)};
  };
  float most = 0;
  for (std::int64_t c = begin; c < end; c += w.group) {
    const auto [scale, least] = line(c);
    most = std::max({most, std::abs(least), std::abs(std::fma(scale, 15.0F, least))});
  }
  const float inverse = most > 0 ? 127 / most : 0;
  RoundedBlock out{.step = most * (w.unit / 127)};
  for (std::int64_t c = begin; c < end; ++c) {
    const auto [scale, least] = line(c);
    const int factor = int(std::nearbyint(scale * inverse * 256)), offset = int(std::nearbyint(least * inverse * 256));
    out.bytes[std::size_t(c - begin)] = ((code_at(w, row, c) * factor + offset + 128 * 256 + 128) >> 8) - 128;
  }
  return out;
}

void matmul_many(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, std::int64_t stride, bool add) {
  for (std::int64_t row = panels.begin * kPanel; row < std::min(panels.end * kPanel, w.rows); ++row) {
    std::vector<double> sums(std::size_t(inputs.end - inputs.begin));
    for (std::int64_t begin = 0; begin < w.columns; begin += 256) {
      const std::int64_t end = std::min(w.columns, begin + 256);
      const RoundedBlock block = round_block(w, row, begin, end);
      for (std::int64_t i = inputs.begin; i < inputs.end; ++i)
        for (std::int64_t c = begin; c < end; ++c)
          sums[std::size_t(i - inputs.begin)] +=
              double(block.step) * block.bytes[std::size_t(c - begin)] * double(x.scales[i * (w.columns / kUnit) + c / kUnit]) * x.codes[i * w.columns + c];
    }
    for (std::int64_t i = inputs.begin; i < inputs.end; ++i) {
      float& out = y[i * stride + row];
      out = float((add ? double(out) : 0) + sums[std::size_t(i - inputs.begin)]);
    }
  }
}

void rope(float* x, std::int64_t heads, std::int64_t width, const float* cos, const float* sin) {
  for (std::int64_t h = 0; h < heads; ++h, x += width)
    for (std::int64_t i = 0; i < width / 2; ++i) {
      const double a = x[i], b = x[width / 2 + i];
      x[i] = float(a * double(cos[i]) - b * double(sin[i]));
      x[width / 2 + i] = float(b * double(cos[i]) + a * double(sin[i]));
    }
}

void keep(const HeadCache& cache, std::int64_t position, const float* key, const float* value) {
  for (std::int64_t d = 0; d < cache.width; ++d) {
    cache.keys[(position / 16 * cache.width + d) * 16 + position % 16] = base::float_to_half(key[d]);
    cache.values[position * cache.width + d] = base::float_to_half(value[d]);
  }
}

void attend(const HeadCache& cache, Range positions, const AttentionTile& tile) {
  for (std::int64_t r = 0; r < tile.rows; ++r)
    for (std::int64_t at = positions.begin; at < std::min(positions.end, tile.seen[r]); ++at) {
      double score = 0;
      for (std::int64_t d = 0; d < cache.width; ++d)
        score += double(tile.queries[r * cache.width + d]) * double(base::half_to_float(cache.keys[(at / 16 * cache.width + d) * 16 + at % 16]));
      const double most = std::max(score, double(tile.most[r])), shrink = std::exp(double(tile.most[r]) - most), weight = std::exp(score - most);
      tile.most[r] = float(most);
      tile.total[r] = float(double(tile.total[r]) * shrink + weight);
      for (std::int64_t d = 0; d < cache.width; ++d) {
        float& out = tile.out[r * cache.width + d];
        out = float(double(out) * shrink + weight * double(base::half_to_float(cache.values[at * cache.width + d])));
      }
    }
}

void silu_mul(const float* gate, const float* up, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = float(double(gate[i]) / (1 + std::exp(-double(gate[i]))) * double(up[i]));
}

void interleave(const BlockRows& in, std::uint8_t* codes, std::uint16_t* scales, std::uint16_t* minimums) {
  const std::int64_t codes_at = in.has_minimum ? 4 : 2, block = codes_at + 4 * in.bits;
  const std::vector<std::uint8_t> nothing(std::size_t(block), 0);
  for (std::int64_t unit = 0; unit < in.units; ++unit)
    for (int r = 0; r < kPanel; ++r) {
      const std::uint8_t* from = in.rows[r] ? in.rows[r] + unit * block : nothing.data();
      std::memcpy(scales + unit * kPanel + r, from, 2);
      if (in.has_minimum) std::memcpy(minimums + unit * kPanel + r, from + 2, 2);
      for (int i = 0; i < 4 * in.bits; ++i)
        codes[(unit * in.bits + i / 4) * 64 + r * 4 + i % 4] = std::uint8_t(from[codes_at + i] + (in.bits == 8 ? 128 : 0));
    }
}

float float_at(const void* row, FloatKind kind, std::int64_t at) {
  if (kind == FloatKind::F32) return static_cast<const float*>(row)[at];
  const std::uint16_t bits = static_cast<const std::uint16_t*>(row)[at];
  return kind == FloatKind::F16 ? base::half_to_float(bits) : base::bfloat16_to_float(bits);
}

std::uint32_t round_row(const void* row, FloatKind kind, std::int64_t units, int bits, float unit, std::uint8_t* blocks) {
  std::uint32_t worst = 0;
  const std::int64_t codes_at = bits == 8 ? 2 : 4;
  for (std::int64_t u = 0; u < units; ++u, blocks += codes_at + 4 * bits) {
    float most = 0, least = 0, x[kUnit];
    for (int i = 0; i < kUnit; ++i) {
      x[i] = float_at(row, kind, u * kUnit + i);
      worst = std::max(worst, std::bit_cast<std::uint32_t>(x[i]) & 0x7FFFFFFF);
      if (bits == 8) most = std::max(most, std::abs(x[i]));
      else most = i == 0 ? x[i] : std::max(most, x[i]), least = i == 0 ? x[i] : std::min(least, x[i]);
    }
    const std::uint16_t scale_half = base::float_to_half((most - least) / float(bits == 8 ? 127 : 15) / unit), minimum_half = base::float_to_half(least / unit);
    const float scale = base::half_to_float(scale_half) * unit, minimum = bits == 8 ? 0 : base::half_to_float(minimum_half) * unit;
    std::memcpy(blocks, &scale_half, 2);
    if (bits == 4) std::memcpy(blocks + 2, &minimum_half, 2), std::memset(blocks + 4, 0, 16);
    for (int i = 0; i < kUnit; ++i) {
      const float code = scale > 0 ? std::nearbyint((x[i] - minimum) / scale) : 0;
      if (bits == 8) blocks[2 + i] = std::uint8_t(std::int8_t(std::clamp(code, -127.0F, 127.0F)));
      else blocks[4 + i % 16] = std::uint8_t(blocks[4 + i % 16] | int(std::clamp(code, 0.0F, 15.0F)) << (i < 16 ? 0 : 4));
    }
  }
  return worst;
}

std::int64_t argmax(const float* x, std::int64_t count) { return std::max_element(x, x + count) - x; }

double log_sum_exp(const float* x, std::int64_t count) {
  const double most = *std::max_element(x, x + count);
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += std::exp(double(x[i]) - most);
  return most + std::log(sum);
}

}  // namespace

const cpu::Fused kReferenceFused = {quantize, matmul, rope, keep, attend, silu_mul, interleave, round_row, argmax, log_sum_exp, matmul_many};

}  // namespace engine

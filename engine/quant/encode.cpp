// What is searched: for a block x of 32 weights, codes q and a scale d (and a minimum m) with the least sum of
// (d q + m - x)^2. Given codes, d and m are a least-squares fit; given d and m, codes are the nearest. As ggml's
// make_qx_quants and make_qkx2_quants do, some twenty first scales are tried; what the plain rule gives (the largest
// magnitude, or the range, spans the codes) is one of the candidates, so that a block never comes out worse than by it.
// d and m are rounded to what the file stores before the last choice of codes.
#include "engine/quant/encode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/float16.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::GgmlType;
using base::float_to_half;
using base::half_to_float;

constexpr int kBlock = 32;
constexpr float kMost = 65504;  // the largest half
using Codes = std::array<float, kBlock>;  // whole numbers

// To the nearest, ties to even; without a branch or a call, so that loops of it become vector instructions. |x| < 2^22.
inline float nearest(float x) { return (x + 12582912.0F) - 12582912.0F; }
inline float stored(float x) { return half_to_float(float_to_half(x)); }

void put_half(std::byte* at, float value) {
  const std::uint16_t half = float_to_half(value);
  std::memcpy(at, &half, sizeof half);
}

struct Fit {
  float scale = 0, minimum = 0;
};

// Codes of x under a fit, and the error they leave.
float settle(const float* x, Fit fit, float least, float most, Codes& codes) {
  const float inverse = fit.scale != 0 ? 1 / fit.scale : 0;
  float error = 0;
  for (int i = 0; i < kBlock; ++i) {
    codes[i] = std::min(std::max(nearest(std::min(std::max((x[i] - fit.minimum) * inverse, -1e6F), 1e6F)), least), most);
    const float off = fit.scale * codes[i] + fit.minimum - x[i];
    error += off * off;
  }
  return error;
}

// The better of two fits, each as the file would store it.
Fit better(const float* x, Fit a, Fit b, float least, float most, Codes& codes) {
  const Fit first{stored(a.scale), stored(a.minimum)}, second{stored(b.scale), stored(b.minimum)};
  Codes other;
  const float error = settle(x, first, least, most, codes);
  if (settle(x, second, least, most, other) >= error) return first;
  codes = other;
  return second;
}

// x = d q with q from -8 to 7; ggml's make_qx_quants.
Fit fit_symmetric(const float* x) {
  float extreme = 0;  // the value, with its sign, that is farthest from 0
  for (int i = 0; i < kBlock; ++i)
    if (std::abs(x[i]) > std::abs(extreme)) extreme = x[i];
  if (extreme == 0) return {};
  Fit best;
  float best_gain = 0;
  for (int step = -9; step <= 9; ++step) {
    const float inverse = -(8 + 0.1F * float(step)) / extreme;
    float xq = 0, qq = 0;
    for (int i = 0; i < kBlock; ++i) {
      const float q = std::min(std::max(nearest(x[i] * inverse), -8.0F), 7.0F);
      xq += x[i] * q;
      qq += q * q;
    }
    if (qq > 0 && xq * xq > best_gain * qq) best_gain = xq * xq / qq, best.scale = xq / qq;
  }
  return best;
}

// x = d q + m with q from 0 to 15 and, where asked for, m <= 0; ggml's make_qkx2_quants.
Fit fit_affine(const float* x, bool minimum_below_zero) {
  float least = x[0], most = x[0], sum_x = 0;
  for (int i = 0; i < kBlock; ++i) least = std::min(least, x[i]), most = std::max(most, x[i]), sum_x += x[i];
  if (minimum_below_zero) least = std::min(least, 0.0F);
  if (!(most - least > 0)) return {0, least};
  Fit best{(most - least) / 15, least};
  Codes codes;
  float best_error = settle(x, best, 0, 15, codes);
  for (int step = 0; step <= 20; ++step) {
    const float inverse = (14 + 0.1F * float(step)) / (most - least);
    float q1 = 0, q2 = 0, xq = 0;
    for (int i = 0; i < kBlock; ++i) {
      const float q = std::min(std::max(nearest((x[i] - least) * inverse), 0.0F), 15.0F);
      codes[i] = q;
      q1 += q, q2 += q * q, xq += x[i] * q;
    }
    const float determinant = kBlock * q2 - q1 * q1;
    if (!(determinant > 0)) continue;
    Fit fit{(kBlock * xq - sum_x * q1) / determinant, (q2 * sum_x - q1 * xq) / determinant};
    if (minimum_below_zero && fit.minimum > 0) fit = {xq / q2, 0};
    float error = 0;
    for (int i = 0; i < kBlock; ++i) {
      const float off = fit.scale * codes[i] + fit.minimum - x[i];
      error += off * off;
    }
    if (error < best_error) best_error = error, best = fit;
  }
  return best;
}

// Of 32 codes from 0 to 15, byte i holds code i in its low half and code i + 16 in its high half.
void put_nibbles(const Codes& codes, float zero, std::byte* out) {
  for (int i = 0; i < 16; ++i) out[i] = std::byte(int(codes[i] + zero) | int(codes[i + 16] + zero) << 4);
}

void encode_q8_0(const float* x, std::byte* out) {
  float most = 0;
  for (int i = 0; i < kBlock; ++i) most = std::max(most, std::abs(x[i]));
  const float scale = stored(most / 127), inverse = scale > 0 ? 1 / scale : 0;
  put_half(out, scale);
  for (int i = 0; i < kBlock; ++i) out[2 + i] = std::byte(std::int8_t(std::min(std::max(nearest(x[i] * inverse), -127.0F), 127.0F)));
}

void encode_q4_0(const float* x, std::byte* out) {
  float extreme = 0;
  for (int i = 0; i < kBlock; ++i)
    if (std::abs(x[i]) > std::abs(extreme)) extreme = x[i];
  Codes codes;
  const Fit fit = better(x, fit_symmetric(x), {extreme / -8, 0}, -8, 7, codes);
  put_half(out, fit.scale);
  put_nibbles(codes, 8, out + 2);
}

void encode_q4_1(const float* x, std::byte* out) {
  const auto [least, most] = std::minmax_element(x, x + kBlock);
  Codes codes;
  const Fit fit = better(x, fit_affine(x, false), {(*most - *least) / 15, *least}, 0, 15, codes);
  put_half(out, fit.scale);
  put_half(out + 2, fit.minimum);
  put_nibbles(codes, 0, out + 4);
}

// Eight blocks of 32, whose scales and minimums are six bits of the superblock's; ggml's quantize_row_q4_K_ref.
void encode_q4_k(const float* x, std::byte* out) {
  std::array<Fit, 8> fits;
  float scale = 0, minimum = 0;
  for (int b = 0; b < 8; ++b) {
    fits[b] = fit_affine(x + b * kBlock, true);
    scale = std::max(scale, fits[b].scale), minimum = std::max(minimum, -fits[b].minimum);
  }
  scale = stored(scale / 63), minimum = stored(minimum / 63);
  put_half(out, scale);
  put_half(out + 2, minimum);
  std::array<int, 8> s{}, m{};
  std::array<std::uint8_t, 128> pairs{};
  for (int b = 0; b < 8; ++b) {
    if (scale > 0) s[b] = std::min(63, int(nearest(fits[b].scale / scale)));
    if (minimum > 0) m[b] = std::min(63, int(nearest(-fits[b].minimum / minimum)));
    Codes codes;
    settle(x + b * kBlock, {scale * float(s[b]), -(minimum * float(m[b]))}, 0, 15, codes);
    for (int i = 0; i < kBlock; ++i) pairs[b / 2 * kBlock + i] |= std::uint8_t(int(codes[i]) << (b % 2 * 4));
  }
  for (int i = 0; i < 4; ++i) {  // as get_scale_min_k4 takes them apart
    out[4 + i] = std::byte(s[i] | (s[i + 4] >> 4) << 6);
    out[8 + i] = std::byte(m[i] | (m[i + 4] >> 4) << 6);
    out[12 + i] = std::byte((s[i + 4] & 15) | (m[i + 4] & 15) << 4);
  }
  std::memcpy(out + 16, pairs.data(), pairs.size());
}

using Encode = void (*)(const float*, std::byte*);
Encode encoder_of(GgmlType type) {
  switch (type) {
    case GgmlType::F32: return [](const float* x, std::byte* out) { std::memcpy(out, x, sizeof *x); };
    case GgmlType::F16: return [](const float* x, std::byte* out) { put_half(out, *x); };
    case GgmlType::BF16: return [](const float* x, std::byte* out) {
      const std::uint16_t bits = base::float_to_bfloat16(*x);
      std::memcpy(out, &bits, sizeof bits);
    };
    case GgmlType::Q8_0: return encode_q8_0;
    case GgmlType::Q4_0: return encode_q4_0;
    case GgmlType::Q4_1: return encode_q4_1;
    case GgmlType::Q4_K: return encode_q4_k;
    default: return nullptr;
  }
}

}  // namespace

bool can_encode(GgmlType type) { return encoder_of(type) != nullptr; }

base::Result<void> encode_weights(GgmlType type, std::span<const float> weights, std::span<std::byte> out) {
  const Encode encode = encoder_of(type);
  const auto block = base::ggml_block(type);
  if (!encode || !block) return fail(ErrorCode::Unsupported, "ggml type {} cannot be written: expected F32, F16, BF16, Q8_0, Q4_0, Q4_1 or Q4_K", std::uint32_t(type));
  if (weights.size() % block->elements != 0 || out.size() != weights.size() / block->elements * block->bytes)
    return fail(ErrorCode::InvalidInput, "{} weights are not whole blocks of {} in {} bytes", weights.size(), block->name, out.size());
  const bool wide = type == GgmlType::F32 || type == GgmlType::BF16;
  const auto odd = std::find_if_not(weights.begin(), weights.end(), [&](float w) { return std::isfinite(w) && (wide || std::abs(w) <= kMost); });
  if (odd != weights.end())
    return fail(ErrorCode::InvalidInput, "weight {} of {} is {}: expected a number{}", odd - weights.begin(), weights.size(), *odd, wide ? "" : " of at most 65504");
  for (std::size_t i = 0, at = 0; i < weights.size(); i += block->elements, at += block->bytes) encode(weights.data() + i, out.data() + at);
  return {};
}

GgmlType fitting_type(GgmlType wanted, std::int64_t columns) {
  const auto fits = [&](GgmlType type) { return columns % base::ggml_block(type)->elements == 0; };
  if (fits(wanted)) return wanted;
  return wanted == GgmlType::Q4_K && fits(GgmlType::Q4_1) ? GgmlType::Q4_1 : GgmlType::F16;
}

}  // namespace engine

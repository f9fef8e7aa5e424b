#include "engine/convert/random_weights.h"

#include <cstring>
#include <vector>

#include "base/float16.h"

namespace engine {
namespace {

using base::GgmlType;

void put_half(std::byte* at, float value) {
  const std::uint16_t half = base::float_to_half(value);
  std::memcpy(at, &half, sizeof half);
}

}  // namespace

RandomWeights::RandomWeights(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15), normal_(std::make_unique<std::array<float, kTable>>()) {
  for (float& value : *normal_) {  // the sum of twelve uniform numbers; Irwin-Hall
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += double(next() >> 11) * 0x1p-53;
    value = float(sum);
  }
}

std::uint64_t RandomWeights::next() {  // SplitMix64; Steele et al. 2014
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

template <class T, class Convert>
void RandomWeights::fill_floats(std::span<std::byte> out, float deviation, Convert convert) {
  std::vector<T> scaled(kTable);
  for (std::size_t i = 0; i < kTable; ++i) scaled[i] = convert((*normal_)[i] * deviation);
  for (std::size_t at = 0; at < out.size(); at += 4 * sizeof(T)) {
    std::uint64_t bits = next();
    T four[4];
    for (T& value : four) value = scaled[bits & (kTable - 1)], bits >>= 16;
    std::memcpy(out.data() + at, four, std::min(sizeof four, out.size() - at));
  }
}

// Codes are uniform; their standard deviation is (their number - 1) / sqrt(12). Scales differ by up to a quarter.
void RandomWeights::fill_block(GgmlType type, float deviation, std::byte* block, std::size_t size) {
  const float wanted = deviation * (0.75F + 0.5F * float(next() >> 40) * 0x1p-24F);
  const std::size_t head = type == GgmlType::Q4_K ? 16 : type == GgmlType::Q4_1 ? 4 : 2;
  for (std::size_t at = head; at < size; at += 8) {
    const std::uint64_t bits = next();
    std::memcpy(block + at, &bits, std::min<std::size_t>(8, size - at));
  }
  if (type == GgmlType::Q8_0) {
    for (std::size_t i = head; i < size; ++i)
      if (block[i] == std::byte{0x80}) block[i] = std::byte{0x81};  // -128 is no code of absmax
    return put_half(block, wanted / 73.3F);
  }
  if (type == GgmlType::Q4_0) {  // without -8, whose counterpart is missing, the mean is 0
    for (std::size_t i = head; i < size; ++i) {
      if ((block[i] & std::byte{0x0F}) == std::byte{0}) block[i] |= std::byte{0x08};
      if ((block[i] & std::byte{0xF0}) == std::byte{0}) block[i] |= std::byte{0x80};
    }
    return put_half(block, wanted / 4.18F);
  }
  const float scale = wanted / 4.61F;
  put_half(block, type == GgmlType::Q4_K ? scale / 32 : scale);
  if (type == GgmlType::Q4_1) put_half(block + 2, -7.5F * scale);
  if (type != GgmlType::Q4_K) return;
  put_half(block + 2, 7.5F * scale / 60);
  // Eight scales of 32 and minimums of 60, six bits each (k_scales.h): the low halves in bytes 4-7 of the last four.
  for (int i = 0; i < 4; ++i) {
    block[4 + i] = std::byte{32 | (32 >> 4) << 6};
    block[8 + i] = std::byte{60 | (60 >> 4) << 6};
    block[12 + i] = std::byte{(32 & 15) | ((60 & 15) << 4)};
  }
}

void RandomWeights::fill(GgmlType type, float deviation, std::span<std::byte> out) {
  switch (type) {
    case GgmlType::F32: return fill_floats<float>(out, deviation, [](float value) { return value; });
    case GgmlType::F16: return fill_floats<std::uint16_t>(out, deviation, base::float_to_half);
    case GgmlType::BF16: return fill_floats<std::uint16_t>(out, deviation, base::float_to_bfloat16);
    default: break;
  }
  const std::size_t size = base::ggml_block(type)->bytes;
  for (std::size_t at = 0; at < out.size(); at += size) fill_block(type, deviation, out.data() + at, size);
}

}  // namespace engine

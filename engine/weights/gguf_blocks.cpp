// Compiled with -ffp-contract=off: a fused multiply-add would round once where the reference rounds twice.
#include "engine/weights/gguf_blocks.h"

#include <cstdint>
#include <cstring>

#include "base/float16.h"
#include "engine/weights/k_scales.h"

namespace engine {
namespace {

using base::GgmlType;
using base::half_at;
using Bytes = const std::uint8_t*;

void f32(Bytes in, float* out) { std::memcpy(out, in, 4); }
void f16(Bytes in, float* out) { *out = half_at(in); }
void bf16(Bytes in, float* out) {
  std::uint16_t bits;
  std::memcpy(&bits, in, 2);
  *out = base::bfloat16_to_float(bits);
}

void q8_0(Bytes in, float* out) {
  const float d = half_at(in);
  for (int i = 0; i < 32; ++i) out[i] = d * float(std::int8_t(in[2 + i]));
}

void q4_0(Bytes in, float* out) {
  const float d = half_at(in);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * float(int(in[2 + i] & 15) - 8);
    out[i + 16] = d * float(int(in[2 + i] >> 4) - 8);
  }
}

void q4_1(Bytes in, float* out) {
  const float d = half_at(in), m = half_at(in + 2);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * float(in[4 + i] & 15) + m;
    out[i + 16] = d * float(in[4 + i] >> 4) + m;
  }
}

int fifth_bit(Bytes high, int i) { return ((high[i / 8] >> (i % 8)) & 1) << 4; }

void q5_0(Bytes in, float* out) {
  const float d = half_at(in);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * float(((in[6 + i] & 15) | fifth_bit(in + 2, i)) - 16);
    out[i + 16] = d * float(((in[6 + i] >> 4) | fifth_bit(in + 2, i + 16)) - 16);
  }
}

void q5_1(Bytes in, float* out) {
  const float d = half_at(in), m = half_at(in + 2);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * float((in[8 + i] & 15) | fifth_bit(in + 4, i)) + m;
    out[i + 16] = d * float((in[8 + i] >> 4) | fifth_bit(in + 4, i + 16)) + m;
  }
}

void q2_k(Bytes in, float* out) {  // scales[16], codes[64], d, dmin
  const float d = half_at(in + 80), dmin = half_at(in + 82);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, shift = (i % 128) / 32 * 2, scale = in[i / 16];
    const int code = (in[16 + half * 32 + i % 32] >> shift) & 3;
    out[i] = d * float(scale & 15) * float(code) - dmin * float(scale >> 4);
  }
}

void q3_k(Bytes in, float* out) {  // high bits[32], codes[64], scales[12], d
  const float d = half_at(in + 108);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, shift = (i % 128) / 32 * 2;
    const int code = (in[32 + half * 32 + i % 32] >> shift) & 3;
    const int high = (in[i % 32] >> (i / 32)) & 1 ? 0 : 4;
    out[i] = d * float(q3_scale(in + 96, i / 16)) * float(code - high);
  }
}

void q4_k(Bytes in, float* out) {  // d, dmin, scales[12], codes[128]
  const float d = half_at(in), dmin = half_at(in + 2);
  for (int j = 0; j < 8; ++j) {
    const KScale s = k_scale(in + 4, j);
    const float scale = d * float(s.scale), minimum = dmin * float(s.minimum);
    for (int i = 0; i < 32; ++i) {
      const std::uint8_t byte = in[16 + j / 2 * 32 + i];
      out[j * 32 + i] = scale * float(j % 2 ? byte >> 4 : byte & 15) - minimum;
    }
  }
}

void q5_k(Bytes in, float* out) {  // d, dmin, scales[12], high bits[32], codes[128]
  const float d = half_at(in), dmin = half_at(in + 2);
  for (int j = 0; j < 8; ++j) {
    const KScale s = k_scale(in + 4, j);
    const float scale = d * float(s.scale), minimum = dmin * float(s.minimum);
    for (int i = 0; i < 32; ++i) {
      const std::uint8_t byte = in[48 + j / 2 * 32 + i];
      const int code = (j % 2 ? byte >> 4 : byte & 15) | (((in[16 + i] >> j) & 1) << 4);
      out[j * 32 + i] = scale * float(code) - minimum;
    }
  }
}

void q6_k(Bytes in, float* out) {  // low codes[128], high codes[64], scales[16], d
  const float d = half_at(in + 208);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, quarter = (i % 128) / 32, within = i % 32;
    const std::uint8_t low = in[half * 64 + (quarter % 2) * 32 + within];
    const int code = (quarter < 2 ? low & 15 : low >> 4) | (((in[128 + half * 32 + within] >> (quarter * 2)) & 3) << 4);
    out[i] = d * float(std::int8_t(in[192 + i / 16])) * float(code - 32);
  }
}

using Expand = void (*)(Bytes, float*);
Expand expander(GgmlType type) {
  switch (type) {
    case GgmlType::F32: return f32;
    case GgmlType::F16: return f16;
    case GgmlType::BF16: return bf16;
    case GgmlType::Q8_0: return q8_0;
    case GgmlType::Q4_0: return q4_0;
    case GgmlType::Q4_1: return q4_1;
    case GgmlType::Q5_0: return q5_0;
    case GgmlType::Q5_1: return q5_1;
    case GgmlType::Q2_K: return q2_k;
    case GgmlType::Q3_K: return q3_k;
    case GgmlType::Q4_K: return q4_k;
    case GgmlType::Q5_K: return q5_k;
    case GgmlType::Q6_K: return q6_k;
    default: return nullptr;
  }
}

}  // namespace

base::Result<void> dequantize(GgmlType type, std::span<const std::byte> bytes, std::span<float> out) {
  const auto block = base::ggml_block(type);
  const Expand expand = expander(type);
  if (!block || !expand)
    return base::fail(base::ErrorCode::Unsupported, "is stored as {}, which cannot be expanded to floats",
                      block ? std::string(block->name) : std::to_string(std::uint32_t(type)));
  const std::size_t count = out.size() / block->elements;
  if (count * block->elements != out.size() || count * block->bytes != bytes.size())
    return base::fail(base::ErrorCode::InvalidInput, "{} bytes of {} are not {} weights", bytes.size(), block->name, out.size());
  const auto* in = reinterpret_cast<Bytes>(bytes.data());
  for (std::size_t i = 0; i < count; ++i) expand(in + i * block->bytes, out.data() + i * block->elements);
  return {};
}

}  // namespace engine

// repack(): ggml's blocks to groups. expand() is in kernels/dispatch.cpp.
#include "engine/quant/grouped.h"

#include <array>
#include <cstring>

#include "base/float16.h"
#include "engine/quant/parallel_rows.h"
#include "engine/weights/gguf_blocks.h"
#include "engine/weights/k_scales.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::GgmlType;
using base::half_at;
using Bytes = const std::uint8_t*;

// One block of the file, taken apart: at most 256 codes in at most 16 groups.
struct Parts {
  std::array<std::int16_t, 256> codes;  // as the form's bits and zero want them
  std::array<float, 16> scales, minimums;
};

void nibbles(Bytes in, std::int16_t* codes, int half) {
  for (int i = 0; i < half; ++i) {
    codes[i] = in[i] & 15;
    codes[i + half] = in[i] >> 4;
  }
}

void add_fifth_bits(Bytes high, Parts& out) {
  for (int i = 0; i < 32; ++i) out.codes[i] = std::int16_t(out.codes[i] | ((high[i / 8] >> (i % 8)) & 1) << 4);
}

void split_q5_0(Bytes in, Parts& out) {
  out.scales[0] = half_at(in);
  nibbles(in + 6, out.codes.data(), 16);
  add_fifth_bits(in + 2, out);
  for (int i = 0; i < 32; ++i) out.codes[i] = std::int16_t(out.codes[i] - 16);
}

void split_q5_1(Bytes in, Parts& out) {
  out.scales[0] = half_at(in);
  out.minimums[0] = half_at(in + 2);
  nibbles(in + 8, out.codes.data(), 16);
  add_fifth_bits(in + 4, out);
}

void split_q2_k(Bytes in, Parts& out) {
  const float d = half_at(in + 80), dmin = half_at(in + 82);
  for (int g = 0; g < 16; ++g) {
    out.scales[g] = d * float(in[g] & 15);
    out.minimums[g] = -(dmin * float(in[g] >> 4));
  }
  for (int i = 0; i < 256; ++i) out.codes[i] = (in[16 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3;
}

void split_q3_k(Bytes in, Parts& out) {
  const float d = half_at(in + 108);
  for (int g = 0; g < 16; ++g) out.scales[g] = d * float(q3_scale(in + 96, g));
  for (int i = 0; i < 256; ++i) {
    const int low = (in[32 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3, high = (in[i % 32] >> (i / 32)) & 1;
    out.codes[i] = std::int16_t(low + high * 4);  // zero is 4
  }
}

void k_scales(Bytes in, Parts& out) {  // Q4_K and Q5_K
  const float d = half_at(in), dmin = half_at(in + 2);
  for (int g = 0; g < 8; ++g) {
    const KScale s = k_scale(in + 4, g);
    out.scales[g] = d * float(s.scale);
    out.minimums[g] = -(dmin * float(s.minimum));
  }
}

void split_q4_k(Bytes in, Parts& out) {
  k_scales(in, out);
  for (int pair = 0; pair < 4; ++pair) nibbles(in + 16 + pair * 32, out.codes.data() + pair * 64, 32);
}

void split_q5_k(Bytes in, Parts& out) {
  k_scales(in, out);
  for (int pair = 0; pair < 4; ++pair) nibbles(in + 48 + pair * 32, out.codes.data() + pair * 64, 32);
  for (int i = 0; i < 256; ++i) out.codes[i] = std::int16_t(out.codes[i] | ((in[16 + i % 32] >> (i / 32)) & 1) << 4);
}

void split_q6_k(Bytes in, Parts& out) {
  const float d = half_at(in + 208);
  for (int g = 0; g < 16; ++g) out.scales[g] = d * float(std::int8_t(in[192 + g]));
  for (int half = 0; half < 2; ++half) nibbles(in + half * 64, out.codes.data() + half * 128, 64);
  for (int i = 0; i < 256; ++i) {
    const int high = (in[128 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3;
    out.codes[i] = std::int16_t((out.codes[i] | high << 4) - 32);
  }
}

// What a format becomes.
struct Form {
  int bits, group, zero;
  bool has_minimum;
  void (*split)(Bytes, Parts&);
  int codes_at = 0;  // > 0: the block is one group, its codes stand there as a group has them, after scale and minimum
};
const Form* form_of(GgmlType type) {
  static constexpr Form kQ8_0{8, 32, 0, false, nullptr, 2}, kQ4_0{4, 32, 8, false, nullptr, 2}, kQ4_1{4, 32, 0, true, nullptr, 4},
      kQ5_0{8, 32, 0, false, split_q5_0}, kQ5_1{8, 32, 0, true, split_q5_1}, kQ2_K{4, 16, 0, true, split_q2_k},
      kQ3_K{4, 16, 4, false, split_q3_k}, kQ4_K{4, 32, 0, true, split_q4_k}, kQ5_K{8, 32, 0, true, split_q5_k},
      kQ6_K{8, 16, 0, false, split_q6_k};
  switch (type) {
    case GgmlType::Q8_0: return &kQ8_0;
    case GgmlType::Q4_0: return &kQ4_0;
    case GgmlType::Q4_1: return &kQ4_1;
    case GgmlType::Q5_0: return &kQ5_0;
    case GgmlType::Q5_1: return &kQ5_1;
    case GgmlType::Q2_K: return &kQ2_K;
    case GgmlType::Q3_K: return &kQ3_K;
    case GgmlType::Q4_K: return &kQ4_K;
    case GgmlType::Q5_K: return &kQ5_K;
    case GgmlType::Q6_K: return &kQ6_K;
    default: return nullptr;
  }
}

void store_codes(const std::int16_t* codes, int count, int bits, std::uint8_t* out) {
  if (bits == 8) {
    for (int i = 0; i < count; ++i) out[i] = std::uint8_t(codes[i]);
    return;
  }
  for (int unit = 0; unit < count; unit += 32)
    for (int i = 0; i < 16; ++i) out[unit / 2 + i] = std::uint8_t(codes[unit + i] | codes[unit + i + 16] << 4);
}

void repack_row(const Form& form, const base::GgmlBlock& block, Bytes in, std::int64_t row, GroupedWeight& out) {
  const std::int64_t blocks = out.columns / block.elements, groups_here = block.elements / form.group;
  const std::int64_t code_bytes_here = block.elements * form.bits / 8;
  std::uint8_t* codes = out.codes.data() + row * blocks * code_bytes_here;
  std::size_t at = std::size_t(row * blocks * groups_here);
  Parts parts;
  for (std::int64_t b = 0; b < blocks; ++b, in += block.bytes, codes += code_bytes_here, at += std::size_t(groups_here)) {
    if (form.codes_at > 0) {
      out.scales[at] = half_at(in);
      if (form.has_minimum) out.minimums[at] = half_at(in + 2);
      std::memcpy(codes, in + form.codes_at, std::size_t(code_bytes_here));
      continue;
    }
    form.split(in, parts);
    store_codes(parts.codes.data(), int(block.elements), form.bits, codes);
    std::memcpy(out.scales.data() + at, parts.scales.data(), std::size_t(groups_here) * sizeof(float));
    if (form.has_minimum) std::memcpy(out.minimums.data() + at, parts.minimums.data(), std::size_t(groups_here) * sizeof(float));
  }
}

base::Result<void> check_order(std::span<const std::int64_t> order, std::int64_t rows) {
  for (const std::int64_t row : order)
    if (row < 0 || row >= rows) return fail(ErrorCode::InvalidInput, "row {} is asked for, there are {}", row, rows);
  return {};
}

}  // namespace

bool can_repack(GgmlType type) { return form_of(type) != nullptr; }

base::Result<GroupedWeight> repack(const StoredMatrix& m, int threads) {
  const Form* form = form_of(m.type);
  const auto block = base::ggml_block(m.type);
  if (!form || !block) return fail(ErrorCode::Unsupported, "ggml type {} is not stored in groups", std::uint32_t(m.type));
  if (m.rows < 1 || m.columns < 1 || m.columns % block->elements != 0)
    return fail(ErrorCode::InvalidInput, "shape [{}, {}]: {} needs columns in multiples of {}", m.rows, m.columns, block->name, block->elements);
  const std::int64_t blocks = m.columns / block->elements, row_bytes = blocks * block->bytes;
  if (m.rows > std::int64_t(m.bytes.size()) / row_bytes || std::int64_t(m.bytes.size()) != m.rows * row_bytes)
    return fail(ErrorCode::InvalidInput, "{} bytes are not [{}, {}] of {}", m.bytes.size(), m.rows, m.columns, block->name);
  if (auto checked = check_order(m.order, m.rows); !checked) return base::forward(checked);

  GroupedWeight out{.rows = m.order.empty() ? m.rows : std::int64_t(m.order.size()), .columns = m.columns, .bits = form->bits, .group = form->group,
                    .zero = form->zero, .codes = {}, .scales = {}, .minimums = {}};
  out.codes.resize(std::size_t(out.rows * m.columns * form->bits / 8));
  out.scales.resize(std::size_t(out.rows * (m.columns / form->group)));
  if (form->has_minimum) out.minimums.resize(out.scales.size());
  parallel_rows(threads, out.rows, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const std::int64_t from = m.order.empty() ? row : m.order[std::size_t(row)];
      repack_row(*form, *block, reinterpret_cast<Bytes>(m.bytes.data()) + from * row_bytes, row, out);
    }
  });
  return out;
}

base::Result<GroupedWeight> repack(GgmlType type, std::span<const std::byte> bytes, std::int64_t rows, std::int64_t columns,
                                   std::span<const std::int64_t> row_order) {
  return repack({type, bytes, rows, columns, row_order}, 1);
}

}  // namespace engine

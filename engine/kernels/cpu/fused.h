// fused.h: the hot loops of a decode step and of a prefill, as plain pointers: one table a processor.
// Activations are quantised to int8 in groups of 32 columns (quantize), multiplied with packed weights as integers (matmul), and
// everything between two products is one pass each. Used through engine::kernels().fused.
// The files compiled for one instruction set include this and no library header: an inline function of the library built
// with AVX-512 could be the one the linker keeps for the whole program. Nothing allocates; memory is the caller's; any thread,
// at once on disjoint outputs.
#pragma once

#include <stdint.h>

namespace engine::cpu {

constexpr int kPanel = 16;  // rows of a packed weight that are stored together: one lane each
constexpr int kUnit = 32;   // columns that share a scale of the activations

// A weight repacked for contiguous streaming, 16 rows at a time (a panel). w = unit * (scale * (code - zero) + minimum).
// Codes of a panel, for each unit of 32 columns: vectors of 64 bytes, in which bytes 4r .. 4r+3 belong to row r.
//   8 bits: vector k = 0..7 holds columns 4k .. 4k+3, as code + 128 (zero is 128)
//   4 bits: vector k = 0..3 holds columns 4k .. 4k+3 in the low halves and 16 + 4k .. 16 + 4k+3 in the high halves
// Scales and minimums of a panel, for each group: 16 IEEE halves, one a row. Rows beyond `rows` in the last panel are zero.
struct PackedView {
  int64_t rows, columns;
  int bits, group, zero;  // 8 or 4; 32 or 16; zero is 0 or a power of two
  float unit;
  const uint8_t* codes;      // 64-byte aligned
  const uint16_t* scales;
  const uint16_t* minimums;  // or null
};

// Rows of int8: x = scale * code, a scale for each unit. A row with a value that is not finite has NaN for that unit's scale.
struct Int8Rows {
  int64_t columns;       // a multiple of 32
  int8_t* codes;         // [count, columns]
  float* scales;         // [count, columns / 32]
  int32_t* minus_sums;   // [count, columns / 16]: minus the sum of codes of each half unit
  int32_t* minus_sum32;  // [count, columns / 32]: of each unit
  float* sums;           // [count, columns / 16]: scale * sum of codes, of each half unit
  float* sum32;          // [count, columns / 32]
};

struct Range {
  int64_t begin, end;
};

struct Norm {  // root-mean-square normalisation before quantising; weight may be null: none
  const float* weight;
  float epsilon;
};

// Keys and values of one kv head. Keys: blocks of 16 positions, [block][head_width][16]; values: [position][head_width]. IEEE halves.
struct HeadCache {
  uint16_t* keys;
  uint16_t* values;
  int64_t width;
};

// A tile of query rows against positions [begin, end) of a head: softmax statistics and the weighted sum of values so far.
struct AttentionTile {
  int64_t rows;          // at least 1
  const float* queries;  // [rows, width], already scaled by 1 / sqrt(width)
  const int64_t* seen;   // [rows]: row i sees positions below seen[i]
  float* most;           // [rows]: the largest score so far; -infinity at first
  float* total;          // [rows]: sum of exp(score - most); 0 at first
  float* out;            // [rows, width]: not yet divided by total; 0 at first
};

// Sixteen rows of ggml's blocks of 32 weights, as Q8_0, Q4_0 and Q4_1 have them: a scale and perhaps a minimum, as halves, then codes.
struct BlockRows {
  const uint8_t* rows[kPanel];  // null: beyond the last row
  int64_t units;                // blocks of a row
  int bits;                     // 8: signed codes; 4: byte i holds columns i and i + 16
  bool has_minimum;
};

enum class FloatKind { F32, F16, BF16 };

struct Fused {
  // Rows [first, last) of x, [., columns] f32, normalised and quantised into the same rows of `out`.
  void (*quantize)(const float* x, Range rows, Norm norm, const Int8Rows& out);

  // y[i * stride + row] = sum over columns of w * x for rows of the panels, i in inputs; or += where `add`.
  void (*matmul)(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add);

  // Turns each of `heads` vectors of `width` floats: rotary embedding, half-split; cos and sin: [width / 2].
  void (*rope)(float* x, int64_t heads, int64_t width, const float* cos, const float* sin);

  // Writes one position's key and value, [width] f32 each.
  void (*keep)(const HeadCache& cache, int64_t position, const float* key, const float* value);
  void (*attend)(const HeadCache& cache, Range positions, const AttentionTile& tile);

  // out[i] = silu(gate[i]) * up[i]; Shazeer 2020, arXiv 2002.05202.
  void (*silu_mul)(const float* gate, const float* up, int64_t count, float* out);

  // What a panel of a packed weight holds of such rows; minimums may be null where they have none.
  void (*interleave)(const BlockRows& in, uint8_t* codes, uint16_t* scales, uint16_t* minimums);

  // A row of floats as such blocks: 8 bits, symmetric, or 4 bits and a minimum, rounded to nearest; scales and minimums count in
  // `unit`s. Gives the bits of the largest magnitude: above infinity's where something is no number. Scales beyond a half are wrong.
  uint32_t (*round_row)(const void* row, FloatKind kind, int64_t units, int bits, float unit, uint8_t* blocks);

  int64_t (*argmax)(const float* x, int64_t count);         // the first of equals; count > 0
  double (*log_sum_exp)(const float* x, int64_t count);     // ln of the sum of exp(x), count > 0

  // As matmul, for a prompt's many inputs and weights of 4 bits, which are rounded once more: w = unit * (most / 127) * byte with a `most`
  // for each row and 256 columns, the largest that the groups' codes could give (many_inputs.h). Null where nothing is gained by that.
  void (*matmul_many)(const PackedView& w, Range panels, const Int8Rows& x, Range inputs, float* y, int64_t stride, bool add);
};

// Every table of this build. Only the portable one runs everywhere.
extern const Fused kFusedPortable, kFusedAvx2, kFusedAvxVnni, kFusedAvx512;

}  // namespace engine::cpu

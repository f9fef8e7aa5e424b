// weights.h: what the decode loop needs of a LLaMA-like model, as plain structs over packed weights.
// Whoever loads a model fills one; a PackedDecoder reads it. Immutable between passes; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/decode/low_rank.h"
#include "engine/kernels/packed.h"

namespace engine {

struct DecoderShape {
  std::int64_t vocab = 0, width = 0, mlp_width = 0;
  std::int64_t heads = 0, kv_heads = 0, head_width = 0;  // heads % kv_heads == 0; widths % 32 == 0, head_width % 16 == 0
  float norm_epsilon = 1e-5F;
  std::vector<float> rope_frequencies;  // [head_width / 2]
  float rope_factor = 1;                // of cosines and sines: YaRN's
  float attention_scale = 0;            // of products of queries and keys; 0: 1 / sqrt(head_width)
  float embedding_scale = 1;
};

struct Matrix {
  PackedWeight weight;
  std::vector<float> bias;  // or empty
  LowRankRows low{};        // an adapter's
};

struct DecoderLayer {
  std::vector<float> attention_norm, mlp_norm;
  std::vector<float> q_norm, k_norm;  // of each head, [head_width]; or empty
  Matrix q, k, v, o, gate, up, down;
};

struct DecoderWeights {
  DecoderShape shape;
  Matrix embed;  // also the head where that has no rows
  std::vector<DecoderLayer> layers;
  std::vector<float> norm;
  Matrix head;

  const Matrix& output() const { return head.weight.rows() > 0 ? head : embed; }
};

}  // namespace engine

// packed_decoder.h: a LLaMA-like model as a loop over packed weights: no libtorch, no allocation once its buffers are large enough.
// forward() runs the new tokens of one or more sequences, writes their keys and values into the caches given, and gives logits.
// Owned with its weights by one model, used on the engine thread; the Team does the work. Throws std::bad_alloc only.
// Activations are quantised to int8 in groups of 32 before each product (as llama.cpp does); sums, residuals and softmax are f32.
// Passes of 128 tokens and more multiply 4-bit weights that are rounded once more, where the processor has Fused::matmul_many.
// Shapes: T new tokens, B sequences, D width, H query heads, K kv heads, V vocabulary.
#pragma once

#include <array>
#include <span>
#include <stop_token>

#include "engine/decode/attention_plan.h"
#include "engine/decode/weights.h"
#include "engine/kernels/int8_buffer.h"
#include "engine/threads/team.h"

namespace engine {

class PackedDecoder {
 public:
  // `fused`: the loops to run; engine::kernels().fused.
  PackedDecoder(DecoderWeights weights, Team& team, const cpu::Fused& fused);

  const DecoderWeights& weights() const { return weights_; }
  DecoderWeights& weights() { return weights_; }  // between passes: to change what adapters add

  // ids: [T], the sequences' new tokens one sequence after the other. logits: [T, V], or [B, V] where `last_only`.
  // A sequence's tokens get the same logits to the bit in passes of 1 to kAlikeTokens of them: so drafts can be verified.
  // `stop` is looked at before each task, which takes well below a millisecond; false: it fired, and there are no logits.
  bool forward(std::span<const std::int32_t> ids, const std::vector<DecoderSequence>& sequences, bool last_only, float* logits,
               const std::stop_token& stop = {});

 private:
  // One product of several that share their input.
  struct Product {
    const Matrix* matrix;
    float* out;  // [T, rows]
    bool add = false;
    const float* low = nullptr;  // [T, rank]: lower() of the input, where an adapter adds to the matrix
  };

  template <class Task>
  void share(std::int64_t count, const Task& task);  // among the Team, while nothing stops it
  void prepare(std::int64_t tokens, const std::vector<DecoderSequence>& sequences);
  void embed(std::span<const std::int32_t> ids);
  void run_layer(std::size_t layer, const std::vector<DecoderSequence>& sequences);
  void attend(std::size_t layer, const std::vector<DecoderSequence>& sequences);
  void rotate_and_keep(std::size_t layer, const std::vector<DecoderSequence>& sequences, std::int64_t token);
  void merge(std::size_t job);
  void gate_and_up(const DecoderLayer& layer);
  void quantize(const float* x, const std::vector<float>* norm, Int8Buffer& into, std::int64_t columns);
  void multiply(std::span<const Product> products, const cpu::Int8Rows& x, std::int64_t count);
  // The ranks of an adapter for each token; null where it adds nothing to the matrix. `norm`: the input is normalised by it first.
  const float* lower_rows(const Matrix& matrix, const float* x, const std::vector<float>* norm, std::vector<float>& into);
  void grow_rope(std::int64_t positions);

  DecoderWeights weights_;
  Team& team_;
  const cpu::Fused& fused_;

  const std::stop_token* stop_ = nullptr;  // of this pass
  std::int64_t tokens_ = 0;
  std::vector<std::int64_t> position_, sequence_;  // of each token
  AttentionPlan plan_;
  std::vector<float> cos_, sin_;                   // [positions, head_width / 2]
  std::vector<float> x_, last_;                    // [T, D]; [B, D]
  std::vector<float> q_, k_, v_, mixed_, hidden_;  // [T, H * width], [T, K * width] twice, [T, H * width], [T, mlp_width]
  std::vector<float> rows_, most_, total_, out_;   // attention: queries [K, T, group, width]; a part each: [.] [.] [., width]
  std::array<std::vector<float>, 3> low_;          // of up to three products that share an input
  Int8Buffer int8_width_, int8_mixed_, int8_hidden_;
};

}  // namespace engine

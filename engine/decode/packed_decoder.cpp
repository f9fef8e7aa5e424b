#include "engine/decode/packed_decoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace engine {
namespace {

constexpr std::int64_t kInputBlock = 128;      // int8 rows that stay in the second-level cache while a task's weights pass
constexpr std::int64_t kTaskBytes = 48 << 10;  // weights of a task: some microseconds at the speed of memory
constexpr std::int64_t kGateRows = 16;         // inputs whose gate and up values stand on the stack at once
constexpr std::int64_t kManyInputs = 128;      // so many pay for making a weight's bytes for them,
constexpr std::int64_t kManyBlock = 256;       // which are made again for every so many
constexpr std::int64_t kPrompt = 32;           // tokens of a pass whose attention may be rounded: a token and its drafts are fewer
constexpr std::int64_t kFewTokens = 3;         // so few are not worth sharing out for a pass over D floats each

std::int64_t blocks(std::int64_t count, std::int64_t size) { return (count + size - 1) / size; }

void at_least(std::vector<float>& values, std::int64_t size) {
  if (std::int64_t(values.size()) < size) values.resize(std::size_t(size));
}

// Panels of a task: an even number, since two are multiplied together.
std::int64_t panels_a_task(const PackedWeight& w, int threads) {
  const std::int64_t by_bytes = std::max<std::int64_t>(1, kTaskBytes / std::max<std::int64_t>(1, w.bytes() / std::max<std::int64_t>(1, w.panels())));
  const std::int64_t by_threads = std::max<std::int64_t>(1, blocks(w.panels(), 4 * threads));
  return std::max<std::int64_t>(2, std::min(by_bytes, by_threads) / 2 * 2);
}

bool pays_for_bytes(const cpu::Fused& fused, const PackedWeight& w, std::int64_t inputs) { return inputs >= kManyInputs && w.bits() == 4 && fused.matmul_many; }

// Root-mean-square normalisation of each head (Zhang and Sennrich 2019, arXiv 1910.07467), where there is a weight for it.
void normalize_heads(float* x, std::int64_t heads, const std::vector<float>& weight, float epsilon) {
  for (std::int64_t h = 0; h < heads && !weight.empty(); ++h, x += weight.size()) {
    float squares = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) squares += x[i] * x[i];
    const float scale = 1 / std::sqrt(squares / float(weight.size()) + epsilon);
    for (std::size_t i = 0; i < weight.size(); ++i) x[i] *= scale * weight[i];
  }
}

}  // namespace

PackedDecoder::PackedDecoder(DecoderWeights weights, Team& team, const cpu::Fused& fused) : weights_(std::move(weights)), team_(team), fused_(fused) {}

bool PackedDecoder::forward(std::span<const std::int32_t> ids, const std::vector<DecoderSequence>& sequences, bool last_only, float* logits,
                            const std::stop_token& stop) {
  const DecoderShape& s = weights_.shape;
  stop_ = &stop;
  prepare(std::int64_t(ids.size()), sequences);
  embed(ids);
  for (std::size_t layer = 0; layer < weights_.layers.size(); ++layer) {
    if (stop.stop_requested()) return false;
    run_layer(layer, sequences);
  }
  if (last_only) {
    at_least(last_, std::int64_t(sequences.size()) * s.width);
    std::int64_t end = 0;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      end += sequences[i].count;
      std::copy_n(x_.data() + (end - 1) * s.width, s.width, last_.data() + std::int64_t(i) * s.width);
    }
    tokens_ = std::int64_t(sequences.size());
    quantize(last_.data(), &weights_.norm, int8_width_, s.width);
  } else {
    quantize(x_.data(), &weights_.norm, int8_width_, s.width);
  }
  const Product head{&weights_.output(), logits, false, lower_rows(weights_.output(), last_only ? last_.data() : x_.data(), &weights_.norm, low_[0])};
  multiply({&head, 1}, int8_width_.rows(), tokens_);
  return !stop.stop_requested();  // else tasks may have been left out
}

template <class Task>
void PackedDecoder::share(std::int64_t count, const Task& task) {
  team_.run(count, [&](std::int64_t i) {
    if (!stop_->stop_requested()) task(i);
  });
}

void PackedDecoder::prepare(std::int64_t tokens, const std::vector<DecoderSequence>& sequences) {
  const DecoderShape& s = weights_.shape;
  tokens_ = tokens;
  position_.clear();
  sequence_.clear();
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    for (std::int64_t t = 0; t < sequences[i].count; ++t) {
      position_.push_back(sequences[i].length + t);
      sequence_.push_back(std::int64_t(i));
    }
    longest = std::max(longest, sequences[i].length + sequences[i].count);
  }
  grow_rope(longest);
  plan(s, sequences, team_.threads(), plan_);
  const std::int64_t q_width = s.heads * s.head_width, kv_width = s.kv_heads * s.head_width;
  at_least(x_, tokens * s.width);
  at_least(q_, tokens * q_width);
  at_least(k_, tokens * kv_width);
  at_least(v_, tokens * kv_width);
  at_least(mixed_, tokens * q_width);
  at_least(hidden_, tokens * s.mlp_width);
  at_least(rows_, tokens * q_width);
  at_least(most_, plan_.parts * tokens * s.heads);
  at_least(total_, plan_.parts * tokens * s.heads);
  at_least(out_, plan_.parts * tokens * q_width);
}

void PackedDecoder::grow_rope(std::int64_t positions) {
  const auto& frequencies = weights_.shape.rope_frequencies;
  const auto half = std::int64_t(frequencies.size()), have = std::int64_t(cos_.size()) / std::max<std::int64_t>(1, half);
  if (positions <= have) return;
  const std::int64_t wanted = std::max<std::int64_t>({256, 2 * have, positions});
  for (std::int64_t p = have; p < wanted; ++p)
    for (const float frequency : frequencies) {
      const float angle = float(p) * frequency;
      cos_.push_back(std::cos(angle) * weights_.shape.rope_factor);
      sin_.push_back(std::sin(angle) * weights_.shape.rope_factor);
    }
}

void PackedDecoder::embed(std::span<const std::int32_t> ids) {
  const DecoderShape& s = weights_.shape;
  share(tokens_, [&](std::int64_t t) {
    float* const row = x_.data() + t * s.width;
    weights_.embed.weight.row(ids[std::size_t(t)], row);
    if (s.embedding_scale != 1)
      for (std::int64_t i = 0; i < s.width; ++i) row[i] *= s.embedding_scale;
  });
}

void PackedDecoder::quantize(const float* x, const std::vector<float>* norm, Int8Buffer& into, std::int64_t columns) {
  const cpu::Int8Rows& rows = into.resize(tokens_, columns);
  const cpu::Norm how{norm ? norm->data() : nullptr, weights_.shape.norm_epsilon};
  if (tokens_ <= kFewTokens) return fused_.quantize(x, {0, tokens_}, how, rows);
  constexpr std::int64_t kRows = 8;
  share(blocks(tokens_, kRows), [&](std::int64_t i) { fused_.quantize(x, {i * kRows, std::min(tokens_, (i + 1) * kRows)}, how, rows); });
}

void PackedDecoder::multiply(std::span<const Product> products, const cpu::Int8Rows& x, std::int64_t count) {
  constexpr std::size_t kMost = 3;
  std::array<std::int64_t, kMost + 1> first{};  // task of each product
  std::array<std::int64_t, kMost> step{};
  for (std::size_t p = 0; p < products.size(); ++p) {
    step[p] = panels_a_task(products[p].matrix->weight, team_.threads());
    first[p + 1] = first[p] + blocks(products[p].matrix->weight.panels(), step[p]);
  }
  const bool many = pays_for_bytes(fused_, products[0].matrix->weight, count);
  const std::int64_t tasks = first[products.size()], block = many ? kManyBlock : kInputBlock, input_blocks = blocks(count, block);
  share(tasks * input_blocks, [&](std::int64_t i) {
    const std::int64_t task = i % tasks, input = i / tasks * block;
    const cpu::Range inputs{input, std::min(count, input + block)};
    std::size_t p = 0;
    while (task >= first[p + 1]) ++p;
    const Product& product = products[p];
    const PackedWeight& w = product.matrix->weight;
    const std::int64_t panel = (task - first[p]) * step[p];
    const cpu::Range panels{panel, std::min(w.panels(), panel + step[p])};
    (pays_for_bytes(fused_, w, count) ? fused_.matmul_many : fused_.matmul)(w.view(), panels, x, inputs, product.out, w.rows(), product.add);
    const std::int64_t begin = panels.begin * cpu::kPanel, end = std::min(w.rows(), panels.end * cpu::kPanel);
    const LowRankRows& low = product.matrix->low;
    for (std::int64_t t = inputs.begin; product.low && t < inputs.end; ++t)
      add(low, w.rows(), product.low + t * low.rank, begin, end - begin, product.out + t * w.rows() + begin);
    if (product.matrix->bias.empty()) return;
    for (std::int64_t t = inputs.begin; t < inputs.end; ++t)
      for (std::int64_t row = begin; row < end; ++row) product.out[t * w.rows() + row] += product.matrix->bias[std::size_t(row)];
  });
}

const float* PackedDecoder::lower_rows(const Matrix& matrix, const float* x, const std::vector<float>* norm, std::vector<float>& into) {
  const LowRankRows& low = matrix.low;
  if (low.rank == 0) return nullptr;
  const std::int64_t columns = matrix.weight.columns();
  at_least(into, tokens_ * low.rank);
  const auto one = [&](std::int64_t t) {
    const float* row = x + t * columns;
    float squares = 0;
    for (std::int64_t c = 0; norm && c < columns; ++c) squares += row[c] * row[c];
    lower(low, columns, row, norm ? norm->data() : nullptr, 1 / std::sqrt(squares / float(columns) + weights_.shape.norm_epsilon), into.data() + t * low.rank);
  };
  if (tokens_ <= kFewTokens)
    for (std::int64_t t = 0; t < tokens_; ++t) one(t);
  else share(tokens_, one);
  return into.data();
}

void PackedDecoder::run_layer(std::size_t index, const std::vector<DecoderSequence>& sequences) {
  const DecoderLayer& layer = weights_.layers[index];
  const DecoderShape& s = weights_.shape;
  quantize(x_.data(), &layer.attention_norm, int8_width_, s.width);
  const auto normed = [&](const Matrix& matrix, std::size_t i) { return lower_rows(matrix, x_.data(), &layer.attention_norm, low_[i]); };
  const Product qkv[] = {{&layer.q, q_.data(), false, normed(layer.q, 0)}, {&layer.k, k_.data(), false, normed(layer.k, 1)},
                         {&layer.v, v_.data(), false, normed(layer.v, 2)}};
  multiply(qkv, int8_width_.rows(), tokens_);
  attend(index, sequences);
  quantize(mixed_.data(), nullptr, int8_mixed_, s.heads * s.head_width);
  const Product output{&layer.o, x_.data(), true, lower_rows(layer.o, mixed_.data(), nullptr, low_[0])};
  multiply({&output, 1}, int8_mixed_.rows(), tokens_);
  quantize(x_.data(), &layer.mlp_norm, int8_width_, s.width);
  gate_and_up(layer);
  quantize(hidden_.data(), nullptr, int8_hidden_, s.mlp_width);
  const Product down{&layer.down, x_.data(), true, lower_rows(layer.down, hidden_.data(), nullptr, low_[0])};
  multiply({&down, 1}, int8_hidden_.rows(), tokens_);
}

// hidden = silu(gate) * up, whose two products of some rows never leave the task's stack.
void PackedDecoder::gate_and_up(const DecoderLayer& layer) {
  const std::int64_t width = weights_.shape.mlp_width, step = panels_a_task(layer.gate.weight, team_.threads());
  const bool many = pays_for_bytes(fused_, layer.gate.weight, tokens_) && pays_for_bytes(fused_, layer.up.weight, tokens_);
  const std::int64_t block = many ? kManyBlock : kInputBlock, at_once = many ? kManyBlock : kGateRows;
  const std::int64_t tasks = blocks(layer.gate.weight.panels(), step), input_blocks = blocks(tokens_, block);
  const float* const low[2] = {lower_rows(layer.gate, x_.data(), &layer.mlp_norm, low_[0]), lower_rows(layer.up, x_.data(), &layer.mlp_norm, low_[1])};
  share(tasks * input_blocks, [&](std::int64_t i) {
    const std::int64_t first = i % tasks * step, input = i / tasks * block;
    const std::int64_t end = std::min(layer.gate.weight.panels(), first + step), last = std::min(tokens_, input + block);
    for (std::int64_t panel = first; panel < end; panel += 2)
      for (std::int64_t t = input; t < last; t += at_once) {
        const cpu::Range panels{panel, std::min(end, panel + 2)}, inputs{t, std::min(last, t + at_once)};
        const std::int64_t row = panel * cpu::kPanel, rows = std::min(width, panels.end * cpu::kPanel) - row;
        alignas(64) float both[2][kManyBlock * 2 * cpu::kPanel];  // 64 kB
        for (const Matrix* m : {&layer.gate, &layer.up}) {
          float* out = both[m == &layer.up];
          // The kernel writes to y[input * stride + row] for rows and inputs counted from 0.
          (many ? fused_.matmul_many : fused_.matmul)(m->weight.view(), panels, int8_width_.rows(), inputs, out - t * rows - row, rows, false);
          for (std::int64_t k = 0; low[m == &layer.up] && k < inputs.end - t; ++k)
            add(m->low, width, low[m == &layer.up] + (t + k) * m->low.rank, row, rows, out + k * rows);
          if (m->bias.empty()) continue;
          for (std::int64_t k = 0; k < (inputs.end - t) * rows; ++k) out[k] += m->bias[std::size_t(row + k % rows)];
        }
        for (std::int64_t k = 0; k < inputs.end - t; ++k)
          fused_.silu_mul(both[0] + k * rows, both[1] + k * rows, rows, hidden_.data() + (t + k) * width + row);
      }
  });
}

// ---- attention -------------------------------------------------------------------------------------------------------

void PackedDecoder::rotate_and_keep(std::size_t layer, const std::vector<DecoderSequence>& sequences, std::int64_t token) {
  const DecoderShape& s = weights_.shape;
  const std::int64_t position = position_[std::size_t(token)], half = s.head_width / 2, group = s.heads / s.kv_heads;
  const float *cos = cos_.data() + position * half, *sin = sin_.data() + position * half;
  float* q = q_.data() + token * s.heads * s.head_width;
  float* k = k_.data() + token * s.kv_heads * s.head_width;
  const float* v = v_.data() + token * s.kv_heads * s.head_width;
  normalize_heads(q, s.heads, weights_.layers[layer].q_norm, s.norm_epsilon);
  normalize_heads(k, s.kv_heads, weights_.layers[layer].k_norm, s.norm_epsilon);
  fused_.rope(q, s.heads, s.head_width, cos, sin);
  fused_.rope(k, s.kv_heads, s.head_width, cos, sin);
  const DecoderSequence& sequence = sequences[std::size_t(sequence_[std::size_t(token)])];
  const float scale = s.attention_scale > 0 ? s.attention_scale : 1 / std::sqrt(float(s.head_width));
  for (std::int64_t head = 0; head < s.kv_heads; ++head) {
    const cpu::HeadCache cache{sequence.keys[layer] + head * sequence.head_stride, sequence.values[layer] + head * sequence.head_stride, s.head_width};
    fused_.keep(cache, position, k + head * s.head_width, v + head * s.head_width);
    float* rows = rows_.data() + (head * tokens_ + token) * group * s.head_width;
    for (std::int64_t i = 0; i < group * s.head_width; ++i) rows[i] = q[head * group * s.head_width + i] * scale;
  }
}

void PackedDecoder::attend(std::size_t layer, const std::vector<DecoderSequence>& sequences) {
  const DecoderShape& s = weights_.shape;
  const std::int64_t group = s.heads / s.kv_heads, all_rows = tokens_ * s.heads;
  if (tokens_ <= kFewTokens)
    for (std::int64_t t = 0; t < tokens_; ++t) rotate_and_keep(layer, sequences, t);
  else share(tokens_, [&](std::int64_t t) { rotate_and_keep(layer, sequences, t); });

  const auto run_job = [&](std::int64_t index) {
    const AttentionJob& job = plan_.jobs[std::size_t(index)];
    const DecoderSequence& sequence = sequences[std::size_t(job.sequence)];
    const cpu::HeadCache cache{sequence.keys[layer] + job.kv_head * sequence.head_stride, sequence.values[layer] + job.kv_head * sequence.head_stride, s.head_width};
    const std::int64_t at = job.part * all_rows + job.first;
    std::fill_n(most_.data() + at, job.rows, -std::numeric_limits<float>::infinity());
    std::fill_n(total_.data() + at, job.rows, 0.0F);
    std::fill_n(out_.data() + at * s.head_width, job.rows * s.head_width, 0.0F);
    const std::int64_t step = tokens_ < kPrompt ? 4 : job.rows;
    for (std::int64_t row = 0; row < job.rows; row += step)
      fused_.attend(cache, {job.begin, job.end},
                    {std::min(step, job.rows - row), rows_.data() + (job.first + row) * s.head_width, plan_.seen.data() + (job.first + row) % (tokens_ * group),
                     most_.data() + at + row, total_.data() + at + row, out_.data() + (at + row) * s.head_width});
    if (plan_.parts == 1) merge(std::size_t(index));
  };
  share(std::int64_t(plan_.jobs.size()), run_job);
  if (plan_.parts > 1)
    for (std::size_t i = 0; i < plan_.jobs.size(); ++i)
      if (plan_.jobs[i].part == 0) merge(i);
}

// The stretches of a run into one, divided by its total, and back to rows of tokens.
void PackedDecoder::merge(std::size_t index) {
  const DecoderShape& s = weights_.shape;
  const std::int64_t group = s.heads / s.kv_heads, all_rows = tokens_ * s.heads;
  std::int64_t parts = 1;
  while (index + std::size_t(parts) < plan_.jobs.size() && plan_.jobs[index + std::size_t(parts)].part == parts) ++parts;
  const AttentionJob& job = plan_.jobs[index];
  for (std::int64_t row = job.first; row < job.first + job.rows; ++row) {
    float most = most_[std::size_t(row)];
    for (std::int64_t p = 1; p < parts; ++p) most = std::max(most, most_[std::size_t(p * all_rows + row)]);
    float total = 0;
    const std::int64_t token = row / group % tokens_, head = job.kv_head * group + row % group;
    float* into = mixed_.data() + (token * s.heads + head) * s.head_width;
    std::fill_n(into, s.head_width, 0.0F);
    for (std::int64_t p = 0; p < parts; ++p) {
      const std::int64_t at = p * all_rows + row;
      const float shrink = std::exp(most_[std::size_t(at)] - most);
      total += total_[std::size_t(at)] * shrink;
      const float* from = out_.data() + at * s.head_width;
      for (std::int64_t d = 0; d < s.head_width; ++d) into[d] += from[d] * shrink;
    }
    for (std::int64_t d = 0; d < s.head_width; ++d) into[d] /= total;
  }
}

}  // namespace engine

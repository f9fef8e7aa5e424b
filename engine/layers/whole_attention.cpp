#include "engine/layers/whole_attention.h"

#include <ATen/Parallel.h>

#include <atomic>

#include "engine/layers/attention_loops.h"
#include "engine/layers/attention_products.h"
#include "engine/layers/line_aligned.h"

namespace engine {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kBlock = 64;

std::int64_t padded(std::int64_t tokens) { return (tokens + kBlock - 1) / kBlock * kBlock; }

const Bf16* numbers(const Tensor& t) { return reinterpret_cast<const Bf16*>(t.const_data_ptr<at::BFloat16>()); }
Bf16* numbers(Tensor& t) { return reinterpret_cast<Bf16*>(t.mutable_data_ptr<at::BFloat16>()); }

// All of a call's sequences, and where their rows lie.
struct Sequences {
  explicit Sequences(const std::vector<std::int64_t>& counts) : counts(counts) {
    for (const std::int64_t count : counts) firsts.push_back(total), total += count, longest = std::max(longest, padded(count));
  }
  std::vector<std::int64_t> counts, firsts{};
  std::int64_t total = 0, longest = 0;
};

// A head's rows of one sequence in [heads, T, D].
HeadRows rows_of(const Tensor& x_HTD, std::int64_t head, std::int64_t first, std::int64_t count) {
  return {numbers(x_HTD) + head * x_HTD.stride(0) + first * x_HTD.stride(1), count, x_HTD.size(2), x_HTD.stride(1), padded(count)};
}

// Each (sequence, head) once, in whatever order threads come by; make() gives a thread its room.
template <class Make>
void for_each_head(const Sequences& all, std::int64_t heads, const Make& make) {
  std::atomic<std::int64_t> next = 0;
  const std::int64_t tasks = std::int64_t(all.counts.size()) * heads;
  at::parallel_for(0, std::min<std::int64_t>(at::get_num_threads(), tasks), 1, [&](std::int64_t, std::int64_t) {
    auto work = make();
    for (std::int64_t task = next++; task < tasks; task = next++) work(size_t(task / heads), task % heads);
  });
}

// ---- forward -----------------------------------------------------------------------------------------------------------

struct ForwardRoom {
  ForwardRoom(std::int64_t tokens, std::int64_t width)
      : queries(size_t(tokens * width)), keys(size_t(tokens * width)), values(size_t(tokens * width)), weights(size_t(kBlock * tokens)),
        scores(size_t(kBlock * tokens)), out(size_t(kBlock * width)) {}
  LineAligned<Bf16> queries, keys, values, weights;
  LineAligned<float> scores, out;
};

struct ForwardHead {
  HeadRows queries, keys, values;
  float scale;
  Bf16* out;  // rows out_stride apart
  std::int64_t out_stride;
  float* log_sums;
};

void forward_head(const ForwardHead& head, ForwardRoom& room) {
  const std::int64_t tokens = head.queries.padded, width = head.queries.columns;
  copy_rows(head.queries, room.queries.data());
  pack_columns(head.keys, room.keys.data());
  pack_rows(head.values, room.values.data());
  for (std::int64_t first = 0; first < head.queries.rows; first += kBlock) {
    const std::int64_t seen = first + kBlock, count = std::min(kBlock, head.queries.rows - first);
    multiply({kBlock, seen, width, width, tokens, seen}, room.queries.data() + first * width, room.keys.data(), room.scores.data());
    float share[kBlock] = {};
    for (std::int64_t r = 0; r < kBlock; ++r) {
      const Softmaxed row = softmax_row(room.scores.data() + r * seen, first + r + 1, seen, head.scale, room.weights.data() + r * seen);
      share[r] = 1 / row.sum;
      if (r < count) head.log_sums[first + r] = row.log_sum;
    }
    multiply({kBlock, width, seen, seen, width, width}, room.weights.data(), room.values.data(), room.out.data());
    for (std::int64_t r = 0; r < count; ++r) scale_row(room.out.data() + r * width, width, share[r], head.out + (first + r) * head.out_stride);
  }
}

// ---- backward ----------------------------------------------------------------------------------------------------------

struct BackwardRoom {
  BackwardRoom(std::int64_t tokens, std::int64_t width)
      : key_rows(size_t(tokens * width)), value_rows(key_rows), key_columns(key_rows), key_pairs(key_rows), query_rows(key_rows), query_columns(key_rows),
        out_rows(key_rows), out_columns(key_rows), weights(size_t(kBlock * tokens)), slopes(weights), slope_pairs(weights),
        scores(size_t(kBlock * tokens)), weight_slopes(scores), log_sums(size_t(tokens)), own(log_sums), dqueries(size_t(tokens * width)),
        dkeys(dqueries), dvalues(dqueries) {}
  LineAligned<Bf16> key_rows, value_rows, key_columns, key_pairs;            // of a kv head
  LineAligned<Bf16> query_rows, query_columns, out_rows, out_columns;        // of a query head: itself and its output's gradient, packed
  LineAligned<Bf16> weights, slopes, slope_pairs;                            // of a block of keys; slopes: gradients of the scores
  LineAligned<float> scores, weight_slopes, log_sums, own;
  LineAligned<float> dqueries, dkeys, dvalues;
};

// What a query head adds to its gradients; `adds`: to those of keys and values that hold another's already.
struct BackwardHead {
  HeadRows queries, out, dout;
  const float* log_sums;
  float scale;
  bool adds;
};

void prepare_keys(const HeadRows& keys, const HeadRows& values, BackwardRoom& room) {
  copy_rows(keys, room.key_rows.data());
  copy_rows(values, room.value_rows.data());
  pack_columns(keys, room.key_pairs.data());
  unpack_pairs(room.key_pairs.data(), keys.columns, keys.padded, room.key_columns.data());
}

void prepare_queries(const BackwardHead& head, BackwardRoom& room) {
  pack_rows(head.queries, room.query_rows.data());
  pack_columns(head.queries, room.query_columns.data());
  pack_rows(head.dout, room.out_rows.data());
  pack_columns(head.dout, room.out_columns.data());
  const std::int64_t count = head.queries.rows, tokens = head.queries.padded;
  for (std::int64_t t = 0; t < count; ++t)
    room.own[size_t(t)] = dot(head.out.at + t * head.out.stride, head.dout.at + t * head.dout.stride, head.out.columns);
  std::copy(head.log_sums, head.log_sums + count, room.log_sums.begin());
  std::fill(room.own.begin() + count, room.own.begin() + tokens, 0.0F);
  std::fill(room.log_sums.begin() + count, room.log_sums.begin() + tokens, 1e30F);  // weights of rows that are not there: 0
  std::fill(room.dqueries.begin(), room.dqueries.begin() + tokens * head.queries.columns, 0.0F);
}

// One block of keys against all queries from its first on: 64 x n in every product.
void backward_block(const BackwardHead& head, std::int64_t first, BackwardRoom& room) {
  const std::int64_t tokens = head.queries.padded, width = head.queries.columns, n = tokens - first;
  multiply({kBlock, n, width, width, tokens, n}, room.key_rows.data() + first * width, room.query_columns.data() + 2 * first, room.scores.data());
  multiply({kBlock, n, width, width, tokens, n}, room.value_rows.data() + first * width, room.out_columns.data() + 2 * first, room.weight_slopes.data());
  for (std::int64_t r = 0; r < kBlock; ++r)
    softmax_backward({room.scores.data() + r * n, room.weight_slopes.data() + r * n, room.log_sums.data() + first, room.own.data() + first, r, n, head.scale},
                     room.weights.data() + r * n, room.slopes.data() + r * n);
  multiply({kBlock, width, n, n, width, width, head.adds}, room.weights.data(), room.out_rows.data() + first * width, room.dvalues.data() + first * width);
  multiply({kBlock, width, n, n, width, width, head.adds}, room.slopes.data(), room.query_rows.data() + first * width, room.dkeys.data() + first * width);
  pack_pairs(room.slopes.data(), kBlock, n, n, room.slope_pairs.data());
  multiply({width, n, kBlock, tokens, n, tokens, true}, room.key_columns.data() + first, room.slope_pairs.data(), room.dqueries.data() + first);
}

// ---- the operation -----------------------------------------------------------------------------------------------------

struct WholeAttention : torch::autograd::Function<WholeAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& q, const Tensor& k, const Tensor& v, const std::vector<std::int64_t>& counts, double scale) {
    const std::int64_t heads = q.size(0), shared = heads / k.size(0), width = q.size(2);
    const Sequences all(counts);
    Tensor out = torch::empty({all.total, heads * width}, q.options()), log_sums = torch::empty({heads, all.total}, torch::kFloat32);
    Bf16* const into = numbers(out);
    float* const sums = log_sums.mutable_data_ptr<float>();
    for_each_head(all, heads, [&] {
      return [&, room = ForwardRoom(all.longest, width)](size_t sequence, std::int64_t h) mutable {
        const std::int64_t first = all.firsts[sequence], count = all.counts[sequence];
        forward_head({rows_of(q, h, first, count), rows_of(k, h / shared, first, count), rows_of(v, h / shared, first, count), float(scale),
                      into + first * heads * width + h * width, heads * width, sums + h * all.total + first},
                     room);
      };
    });
    context->save_for_backward({q, k, v, out, log_sums});
    context->saved_data["counts"] = counts;
    context->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], &log_sums = saved[4];
    const std::int64_t heads = q.size(0), kv_heads = k.size(0), shared = heads / kv_heads, width = q.size(2);
    const Sequences all(context->saved_data["counts"].toIntVector());
    const auto scale = float(context->saved_data["scale"].toDouble());
    const auto by_head = [&](const Tensor& x, std::int64_t n) { return x.view({all.total, n, width}).transpose(0, 1); };
    const Tensor out = by_head(saved[3], heads), dout = by_head(gradients[0].to(torch::kBFloat16).contiguous(), heads);
    Tensor dq = torch::empty({all.total, heads * width}, q.options());
    Tensor dk = torch::empty({all.total, kv_heads * width}, q.options()), dv = torch::empty_like(dk);
    Bf16 *const to_q = numbers(dq), *const to_k = numbers(dk), *const to_v = numbers(dv);
    for_each_head(all, kv_heads, [&] {
      return [&, room = BackwardRoom(all.longest, width)](size_t sequence, std::int64_t kv) mutable {
        const std::int64_t first = all.firsts[sequence], count = all.counts[sequence], q_row = heads * width, kv_row = kv_heads * width;
        prepare_keys(rows_of(k, kv, first, count), rows_of(v, kv, first, count), room);
        for (std::int64_t h = kv * shared; h < (kv + 1) * shared; ++h) {
          const BackwardHead head{rows_of(q, h, first, count), rows_of(out, h, first, count), rows_of(dout, h, first, count),
                                  log_sums.const_data_ptr<float>() + h * all.total + first, scale, h > kv * shared};
          prepare_queries(head, room);
          for (std::int64_t block = 0; block < count; block += kBlock) backward_block(head, block, room);
          scale_transposed(room.dqueries.data(), count, width, padded(count), scale, to_q + first * q_row + h * width, q_row);
        }
        for (std::int64_t t = 0; t < count; ++t) {
          scale_row(room.dkeys.data() + t * width, width, scale, to_k + (first + t) * kv_row + kv * width);
          scale_row(room.dvalues.data() + t * width, width, 1, to_v + (first + t) * kv_row + kv * width);
        }
      };
    });
    return {by_head(dq, heads), by_head(dk, kv_heads), by_head(dv, kv_heads), Tensor(), Tensor()};
  }
};

bool fits(const Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kBFloat16 && x.stride(2) == 1 && x.size(2) % 16 == 0; }

}  // namespace

std::optional<Tensor> attend_with_gradients(const Tensor& queries_HTD, const Tensor& keys_KTD, const Tensor& values_KTD,
                                            const std::vector<std::int64_t>& counts, double scale) {
  const bool wanted = torch::GradMode::is_enabled() && (queries_HTD.requires_grad() || keys_KTD.requires_grad() || values_KTD.requires_grad());
  if (!wanted || !fits(queries_HTD) || !fits(keys_KTD) || !fits(values_KTD) || !can_multiply()) return std::nullopt;
  return WholeAttention::apply(queries_HTD, keys_KTD, values_KTD, counts, scale);
}

}  // namespace engine

#include "engine/models/packed_model.h"

#include <thread>

#include "engine/decode/packed_decoder.h"
#include "engine/kernels/kernels.h"
#include "engine/layers/rope.h"

namespace engine {
namespace {

std::vector<float> floats(const torch::Tensor& values) {
  if (!values.defined()) return {};
  const torch::Tensor plain = values.to(torch::kCPU, torch::kFloat32).contiguous();
  return {plain.const_data_ptr<float>(), plain.const_data_ptr<float>() + plain.numel()};
}
std::vector<float> weight_of(const Norm* norm) { return norm ? floats(norm->weight()) : std::vector<float>{}; }

Matrix take(Linear& linear, double scale = 1) {
  Matrix matrix{linear.take_packed(), floats(linear.bias())};
  if (scale == 1) return matrix;
  matrix.weight.scale(float(scale));
  for (float& b : matrix.bias) b *= float(scale);
  return matrix;
}

DecoderShape shape_of(const ModelConfig& c, const PackableParts& parts) {
  DecoderShape shape{.vocab = c.vocab_size, .width = c.width, .mlp_width = c.mlp_width, .heads = c.heads, .kv_heads = c.kv_heads, .head_width = c.head_width};
  shape.norm_epsilon = float(c.norm_epsilon);
  shape.rope_frequencies = floats(parts.rope_frequencies);
  shape.rope_factor = float(rope_attention_factor(c.rope));
  shape.attention_scale = float(c.attention_scale);
  shape.embedding_scale = float(c.multipliers.embedding);
  return shape;
}

// What scales a residual branch or the logits scales what gives them.
DecoderWeights take(const ModelConfig& c, const PackableParts& parts) {
  DecoderWeights w;
  w.shape = shape_of(c, parts);
  w.embed = take(*parts.embed);
  for (const PackableParts::Layer& from : parts.layers) {
    DecoderLayer& layer = w.layers.emplace_back();
    layer.attention_norm = weight_of(from.attention_norm), layer.mlp_norm = weight_of(from.mlp_norm);
    layer.q_norm = weight_of(from.q_norm), layer.k_norm = weight_of(from.k_norm);
    layer.q = take(*from.q), layer.k = take(*from.k), layer.v = take(*from.v);
    layer.o = take(*from.o, c.multipliers.residual);
    layer.gate = take(*from.gate), layer.up = take(*from.up);
    layer.down = take(*from.down, c.multipliers.residual);
  }
  w.norm = weight_of(parts.norm);
  for (float& weight : w.norm) weight = float(weight / c.multipliers.logits_divisor);
  if (parts.head) w.head = take(*parts.head);
  return w;
}

// Each matrix of the model, as it was, by its packed counterpart.
struct Counterpart {
  const Linear* was;
  Matrix* is;
  double scale;
};

std::vector<Counterpart> counterparts(const ModelConfig& c, const PackableParts& parts, DecoderWeights& weights) {
  std::vector<Counterpart> out;
  for (size_t i = 0; i < parts.layers.size(); ++i) {
    const PackableParts::Layer& was = parts.layers[i];
    DecoderLayer& is = weights.layers[i];
    out.insert(out.end(), {{was.q, &is.q, 1}, {was.k, &is.k, 1}, {was.v, &is.v, 1}, {was.o, &is.o, c.multipliers.residual},
                           {was.gate, &is.gate, 1}, {was.up, &is.up, 1}, {was.down, &is.down, c.multipliers.residual}});
  }
  if (parts.head) out.push_back({parts.head, &weights.head, 1});
  return out;
}

void set_low_rank(Matrix& matrix, const LowRank* low, double scale) {
  matrix.low = {};
  if (!low) return;
  matrix.low.rank = low->rank;
  matrix.low.down.resize(low->a.size()), matrix.low.up.resize(low->b.size());
  for (std::int64_t k = 0; k < low->rank; ++k) {
    for (std::int64_t i = 0; i < low->inputs; ++i) matrix.low.down[size_t(i * low->rank + k)] = low->a[size_t(k * low->inputs + i)];
    for (std::int64_t o = 0; o < low->outputs; ++o)
      matrix.low.up[size_t(k * low->outputs + o)] = float(low->b[size_t(o * low->rank + k)] * low->scale * scale);
  }
}

class PackedModel : public Model {
 public:
  PackedModel(Model& model, const PackableParts& parts, std::unique_ptr<Team> team, std::vector<AlignedBytes> memory)
      : config_(model.config()), team_(std::move(team)), decoder_(take(config_, parts), *team_, *kernels().fused) {
    if (!memory.empty()) gatherer_ = std::jthread([held = std::move(memory)](const std::stop_token& stop) { gather_pages(held, stop); });
    const std::vector<Counterpart> pairs = counterparts(config_, parts, decoder_.weights());
    for (const Slot& slot : model.slots())
      for (const Counterpart& pair : pairs)
        if (slot.matrix == pair.was && !slot.table)
          places_.push_back({slot.hugging_face, slot.shape, slot.in_hugging_face,
                             [is = pair.is, scale = pair.scale](const LowRank* low) { set_low_rank(*is, low, scale); }});
  }

  const ModelConfig& config() const override { return config_; }
  std::vector<Slot> slots() override { return {}; }
  std::vector<AdapterPlace> adapter_places() override { return places_; }
  std::int64_t alike_rows() const override { return kAlikeTokens; }
  void ready(torch::Device, torch::Dtype, const torch::Tensor&) override {}

  torch::Tensor forward(const Batch& batch, LogitsOf wanted) override {
    const torch::Tensor ids = batch.ids_T.to(torch::kInt32).contiguous();
    sequences_.resize(batch.sequences.size());
    for (size_t i = 0; i < sequences_.size(); ++i) point(batch.sequences[i], sequences_[i]);
    const bool last = wanted == LogitsOf::LastTokens;
    torch::Tensor logits = torch::empty({last ? std::int64_t(sequences_.size()) : ids.size(0), config_.vocab_size}, torch::kFloat32);
    const std::span<const std::int32_t> all(ids.const_data_ptr<std::int32_t>(), size_t(ids.size(0)));
    if (!decoder_.forward(all, sequences_, last, logits.mutable_data_ptr<float>(), batch.stop)) return {};
    batch.advance();
    return logits;
  }

 private:
  void point(const Sequence& from, DecoderSequence& to) const {
    KvCache& cache = *from.cache;
    cache.reserve(cache.length() + from.count);
    to.length = cache.length(), to.count = from.count;
    to.keys.resize(size_t(config_.layers)), to.values.resize(size_t(config_.layers));
    for (size_t layer = 0; layer < to.keys.size(); ++layer) {
      const KvCache::View held = cache.held(std::int64_t(layer));
      to.head_stride = held.keys_KSD.stride(0);
      to.keys[layer] = reinterpret_cast<std::uint16_t*>(held.keys_KSD.mutable_data_ptr<c10::Half>());
      to.values[layer] = reinterpret_cast<std::uint16_t*>(held.values_KSD.mutable_data_ptr<c10::Half>());
    }
  }

  ModelConfig config_;
  std::unique_ptr<Team> team_;
  PackedDecoder decoder_;
  std::vector<AdapterPlace> places_;
  std::vector<DecoderSequence> sequences_;
  std::jthread gatherer_;
};

}  // namespace

std::unique_ptr<Model> pack(std::unique_ptr<Model> model, std::unique_ptr<Team> team, std::vector<AlignedBytes> memory) {
  return std::make_unique<PackedModel>(*model, *model->parts(), std::move(team), std::move(memory));
}

}  // namespace engine

#include "engine/ngram/mixing_gate.h"

#include <cmath>

#include "engine/kernels/kernels.h"

namespace engine {
namespace {

#include "engine/ngram/mixing_gate_weights.inc"

// A probability's logarithm, of which differences below a ten-thousandth say nothing.
float ln_of(float probability) { return std::log(probability + 1e-4f); }

}  // namespace

float log_normal(std::span<const float> logits) { return float(kernels().fused->log_sum_exp(logits.data(), std::int64_t(logits.size()))); }

MixEvidence weigh(const Prediction& workspace, std::span<const float> logits, float normal) {
  const auto likeliest = std::size_t(kernels().fused->argmax(logits.data(), std::int64_t(logits.size())));
  const TokenChance& first = workspace.chances.front();
  const bool known = first.token >= 0 && std::size_t(first.token) < logits.size();
  return {.certainty = first.probability,
          .length = float(workspace.length),
          .model_certainty = std::exp(logits[likeliest] - normal),
          .model_on_workspace = known ? std::exp(logits[std::size_t(first.token)] - normal) : 0,
          .workspace_on_model = probability_of(workspace, TokenId(likeliest))};
}

float mixing_gate(const MixEvidence& e) {
  const float inputs[kInputs] = {e.certainty, std::log1p(e.length), e.model_certainty, e.model_on_workspace, e.workspace_on_model, ln_of(e.model_on_workspace), ln_of(e.workspace_on_model)};
  float out = kOutBias;
  for (int unit = 0; unit < kUnits; ++unit) {
    float sum = kBias[unit];
    for (int i = 0; i < kInputs; ++i) sum += kIn[unit][i] * inputs[i];
    out += kOut[unit] * std::tanh(sum);
  }
  return out;
}

}  // namespace engine

#include "engine/layers/with_gradients.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include "engine/layers/gradient_loops.h"

namespace engine {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kRowsAtOnce = 64;       // of a norm: a share of its own of the weight's gradient, whatever the threads
constexpr std::int64_t kAtOnce = 1 << 14;      // numbers of an activation

Bf16* narrow(Tensor& t) { return reinterpret_cast<Bf16*>(t.mutable_data_ptr<at::BFloat16>()); }
const Bf16* narrow(const Tensor& t) { return reinterpret_cast<const Bf16*>(t.const_data_ptr<at::BFloat16>()); }

template <class Work>
void by_parts(std::int64_t count, std::int64_t each, const Work& work) {
  at::parallel_for(0, (count + each - 1) / each, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t part = first; part < last; ++part) work(part, part * each, std::min(each, count - part * each));
  });
}

struct RmsNormed : torch::autograd::Function<RmsNormed> {
  static Tensor forward(AutogradContext* context, const Tensor& given, const Tensor& weight, double epsilon, torch::Dtype out) {
    const Tensor x = given.to(torch::kFloat32).contiguous();
    const RmsRows of{x.size(-1), epsilon, weight.const_data_ptr<float>()};
    const std::int64_t rows = x.numel() / of.columns;
    Tensor y = torch::empty(x.sizes(), x.options().dtype(out)), inverse = torch::empty({rows}, x.options());
    by_parts(rows, kRowsAtOnce, [&](std::int64_t, std::int64_t first, std::int64_t count) {
      const float* in = x.const_data_ptr<float>() + first * of.columns;
      float* scale = inverse.mutable_data_ptr<float>() + first;
      if (out == torch::kBFloat16) rms_forward(of, count, in, narrow(y) + first * of.columns, scale);
      else rms_forward(of, count, in, y.mutable_data_ptr<float>() + first * of.columns, scale);
    });
    context->save_for_backward({x, weight, inverse});
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["dtype"] = std::int64_t(given.scalar_type());
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &inverse = saved[2];
    const Tensor dy = gradients[0].contiguous();
    const RmsRows of{x.size(-1), context->saved_data["epsilon"].toDouble(), weight.const_data_ptr<float>()};
    const std::int64_t rows = x.numel() / of.columns;
    Tensor dx = torch::empty_like(x), parts = torch::zeros({(rows + kRowsAtOnce - 1) / kRowsAtOnce, of.columns}, x.options());
    by_parts(rows, kRowsAtOnce, [&](std::int64_t part, std::int64_t first, std::int64_t count) {
      const std::int64_t at = first * of.columns;
      const float *in = x.const_data_ptr<float>() + at, *scale = inverse.const_data_ptr<float>() + first;
      float *out = dx.mutable_data_ptr<float>() + at, *share = parts.mutable_data_ptr<float>() + part * of.columns;
      if (dy.scalar_type() == torch::kBFloat16) rms_backward(of, count, in, scale, narrow(dy) + at, out, share);
      else rms_backward(of, count, in, scale, dy.const_data_ptr<float>() + at, out, share);
    });
    return {dx.to(static_cast<torch::Dtype>(context->saved_data["dtype"].toInt())), parts.sum(0), Tensor(), Tensor()};
  }
};

struct GatedSilu : torch::autograd::Function<GatedSilu> {
  static Tensor forward(AutogradContext* context, const Tensor& gate, const Tensor& up) {
    Tensor y = torch::empty_like(gate);
    by_parts(gate.numel(), kAtOnce, [&](std::int64_t, std::int64_t first, std::int64_t count) {
      silu_forward(count, narrow(gate) + first, narrow(up) + first, narrow(y) + first);
    });
    context->save_for_backward({gate, up});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &gate = saved[0], &up = saved[1], dy = gradients[0].to(torch::kBFloat16).contiguous();
    Tensor dgate = torch::empty_like(gate), dup = torch::empty_like(up);
    by_parts(gate.numel(), kAtOnce, [&](std::int64_t, std::int64_t first, std::int64_t count) {
      silu_backward(count, narrow(gate) + first, narrow(up) + first, narrow(dy) + first, narrow(dgate) + first, narrow(dup) + first);
    });
    return {dgate, dup};
  }
};

// Of [H, T, D] in the memory of [T, H, D], as projections leave it and take its gradient.
Tensor turned(const Tensor& x_HTD, const Tensor& cos_TD, const Tensor& signed_sin_TD, bool backwards) {
  const std::int64_t heads = x_HTD.size(0), tokens = x_HTD.size(1), width = x_HTD.size(2);
  Tensor y_THD = torch::empty({tokens, heads, width}, x_HTD.options());
  Bf16* const out = narrow(y_THD);
  by_parts(tokens, kRowsAtOnce, [&](std::int64_t, std::int64_t first, std::int64_t count) {
    for (std::int64_t t = first; t < first + count; ++t)
      for (std::int64_t h = 0; h < heads; ++h)
        rotate({width, narrow(cos_TD) + t * width, narrow(signed_sin_TD) + t * width, backwards},
               narrow(x_HTD) + h * x_HTD.stride(0) + t * x_HTD.stride(1), out + (t * heads + h) * width);
  });
  return y_THD.transpose(0, 1);
}

struct Rotated : torch::autograd::Function<Rotated> {
  static Tensor forward(AutogradContext* context, const Tensor& x_HTD, const Tensor& cos_TD, const Tensor& signed_sin_TD) {
    context->save_for_backward({cos_TD, signed_sin_TD});
    return turned(x_HTD, cos_TD, signed_sin_TD, false);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor dy = gradients[0].stride(2) == 1 ? gradients[0] : gradients[0].contiguous();
    return {turned(dy, saved[0], saved[1], true), Tensor(), Tensor()};
  }
};

bool wanted(const Tensor& a, const Tensor& b) { return torch::GradMode::is_enabled() && a.is_cpu() && (a.requires_grad() || b.requires_grad()); }

}  // namespace

std::optional<Tensor> rms_norm_with_gradients(const Tensor& x, const Tensor& weight_D, double epsilon) {
  if (!wanted(x, weight_D) || weight_D.scalar_type() != torch::kFloat32 || weight_D.numel() != x.size(-1)) return std::nullopt;
  const bool narrowed = at::autocast::is_autocast_enabled(at::kCPU) && at::autocast::get_autocast_dtype(at::kCPU) == torch::kBFloat16;
  if (!narrowed && x.scalar_type() != torch::kFloat32) return std::nullopt;
  return RmsNormed::apply(x, weight_D, epsilon, narrowed ? torch::kBFloat16 : torch::kFloat32);
}

std::optional<Tensor> silu_with_gradients(const Tensor& gate, const Tensor& up) {
  const bool fits = wanted(gate, up) && gate.scalar_type() == torch::kBFloat16 && up.scalar_type() == torch::kBFloat16;
  if (!fits || !gate.is_contiguous() || !up.is_contiguous()) return std::nullopt;
  return GatedSilu::apply(gate, up);
}

std::optional<Tensor> rotated_with_gradients(const Tensor& x_HTD, const Tensor& cos_TD, const Tensor& signed_sin_TD) {
  const bool narrowed = x_HTD.scalar_type() == torch::kBFloat16 && cos_TD.scalar_type() == torch::kBFloat16;
  if (!wanted(x_HTD, x_HTD) || !narrowed || x_HTD.size(2) != cos_TD.size(1) || x_HTD.stride(2) != 1) return std::nullopt;
  return Rotated::apply(x_HTD, cos_TD.contiguous(), signed_sin_TD.contiguous());
}

}  // namespace engine

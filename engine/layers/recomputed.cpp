#include "engine/layers/recomputed.h"

#include <ATen/autocast_mode.h>

#include <memory>

namespace engine {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Block = std::function<Tensor(Tensor)>;

// A weight narrowed while nothing is recorded must not be taken again where its gradient is wanted.
class NoNarrowedWeights {
 public:
  NoNarrowedWeights() : before_(at::autocast::is_autocast_cache_enabled()) { at::autocast::set_autocast_cache_enabled(false); }
  ~NoNarrowedWeights() { at::autocast::set_autocast_cache_enabled(before_); }
  NoNarrowedWeights(const NoNarrowedWeights&) = delete;
  NoNarrowedWeights& operator=(const NoNarrowedWeights&) = delete;

 private:
  bool before_;
};

struct Kept : torch::CustomClassHolder {
  Block block;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static Tensor forward(AutogradContext* context, const Tensor& x_TD, const c10::intrusive_ptr<Kept>& kept) {
    context->save_for_backward({x_TD});
    context->saved_data["block"] = c10::IValue::make_capsule(kept);
    const NoNarrowedWeights plain;
    return kept->block(x_TD.detach());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto kept = c10::static_intrusive_pointer_cast<Kept>(context->saved_data["block"].toCapsule());
    const Tensor x_TD = context->get_saved_variables()[0].detach().set_requires_grad(true);
    const torch::AutoGradMode recording(true);
    const NoNarrowedWeights plain;
    kept->block(x_TD).backward(gradients[0]);
    return {x_TD.grad(), Tensor()};
  }
};

}  // namespace

Tensor recomputed(const Tensor& x_TD, Block block) {
  auto kept = c10::make_intrusive<Kept>();
  kept->block = std::move(block);
  return Recomputed::apply(x_TD.requires_grad() ? x_TD : x_TD.detach().set_requires_grad(true), kept);
}

}  // namespace engine

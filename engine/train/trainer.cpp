#include "engine/train/trainer.h"

#include <ATen/Parallel.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <chrono>
#include <optional>

#include "base/files.h"
#include "base/machine.h"
#include "engine/models/registry.h"
#include "engine/torch/device.h"
#include "engine/torch/guard.h"
#include "engine/torch/load_parameters.h"
#include "engine/train/batches.h"
#include "engine/train/checkpoint.h"
#include "engine/train/lora.h"
#include "engine/train/loss.h"
#include "engine/train/optimizer.h"
#include "engine/train/ranks.h"
#include "engine/train/save_model.h"

namespace engine {
namespace {

// Every step asks for the same large blocks again: given back to the kernel in between, a fifth of the time went into zeroed pages.
void keep_memory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
#endif
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

class Trainer {
 public:
  Trainer(const TrainRequest& request, const TrainEvents& events, torch::Device device, bool bf16)
      : r_(request), events_(events), device_(device), bf16_(bf16) {}

  base::Result<void> prepare();
  base::Result<TrainReport> run(std::stop_token stop);

 private:
  base::Result<void> fill_model();
  base::Result<std::vector<Parameter>> trained_parameters();
  base::Result<void> one_step(const std::stop_token& stop);
  base::Result<void> validate();
  base::Result<void> save();
  void sum_over_ranks(double& sum);  // and the gradients
  base::Result<void> save_weights_to_out();
  base::Result<bool> keep_if_best();  // whether it is time to stop
  base::Result<bool> keep_blend_if_best();

  const TrainRequest& r_;
  const TrainEvents& events_;
  torch::Device device_;
  bool bf16_;
  std::unique_ptr<Model> model_;
  std::optional<LoraWeights> lora_;
  std::optional<Optimizer> optimizer_;
  std::vector<Parameter> parameters_;
  std::vector<torch::Tensor> began_;  // the parameters as they were, where what is kept lies between
  RankGroup group_;
  bool stopped_ = false;  // by any process
  std::vector<MicroBatch> validation_;
  double validation_bytes_ = 0;
  torch::Tensor rope_factors_;
  TrainState state_;
  TrainReport report_;
  std::int64_t without_better_ = 0;  // validations
};

base::Result<void> Trainer::fill_model() {
  auto model = make_model(r_.config);
  if (!model) return base::forward(model);
  model_ = std::move(*model);
  if (r_.start.empty()) {
    random_parameters(*model_, r_.seed, device_);
    return {};
  }
  auto source = open_weights(r_.start);
  if (!source) return base::forward(source);
  LoadTarget target{.device = device_, .dtype = torch::kFloat32, .quant = Quant::None};
  if (r_.lora.rank > 0) target.quant = r_.quant, target.products = bf16_ ? torch::kBFloat16 : torch::kFloat32;
  auto loaded = load_parameters(*model_, **source, target, {}, {});
  if (!loaded) return base::forward(loaded);
  rope_factors_ = loaded->rope_factors;
  return {};
}

base::Result<std::vector<Parameter>> Trainer::trained_parameters() {
  if (r_.lora.rank == 0) {
    if (auto can = can_save(*model_); !can) return base::forward(can);  // rather than after hours
    return parameters_of(*model_, device_);
  }
  auto lora = LoraWeights::attach(*model_, r_.lora, r_.seed, device_);
  if (!lora) return base::forward(lora);
  lora_ = std::move(*lora);
  return lora_->parameters();
}

base::Result<void> Trainer::prepare() {
  auto group = RankGroup::join(r_.ranks, device_);
  if (!group) return base::forward(group);
  group_ = std::move(*group);
  if (auto filled = fill_model(); !filled) return filled;
  auto parameters = trained_parameters();
  if (!parameters) return base::forward(parameters);
  for (const Parameter& p : *parameters) report_.parameters += p.value.numel();
  model_->ready(device_, bf16_ ? torch::kBFloat16 : torch::kFloat32, rope_factors_);
  parameters_ = *parameters;
  if (r_.keep_best && !lora_ && r_.blend < 1)
    for (const Parameter& p : parameters_) began_.push_back(p.value.detach().clone());
  optimizer_.emplace(std::move(*parameters), r_.optimizer);
  std::error_code ignored;
  if (!r_.checkpoint.empty() && std::filesystem::exists(r_.checkpoint, ignored)) {
    auto state = read_checkpoint(r_.checkpoint, optimizer_->state());
    if (!state) return base::forward(state);
    state_ = *state;
    optimizer_->set_steps(state_.step);
    r_.data->seek(state_.data);
  }
  if (r_.validation) {
    r_.validation->seek({});
    auto batches = take_step(*r_.validation, r_.validation_tokens, r_.micro_tokens, device_, r_.hole_weight);
    if (!batches) return base::forward(batches);
    validation_ = std::move(*batches);
    for (const MicroBatch& batch : validation_) validation_bytes_ += double(batch.targets) * r_.validation->bytes_per_token();
  }
  if (events_.begun) events_.begun(state_.step);
  return {};
}

base::Result<void> Trainer::one_step(const std::stop_token& stop) {
  const auto start = Clock::now();
  const std::int64_t most = group_.count() > 1 ? std::min(r_.micro_tokens, r_.step_tokens / group_.count() + 1) : r_.micro_tokens;  // a share for each
  auto batches = take_step(*r_.data, r_.step_tokens, most, device_, r_.hole_weight);
  if (!batches) return base::forward(batches);
  std::int64_t tokens = 0;
  double weight = 0;  // of all targets
  for (MicroBatch& batch : *batches) batch.recompute = r_.recompute;
  for (const MicroBatch& batch : *batches) weight += batch.weight(), tokens += batch.tokens;
  optimizer_->clear_gradients();
  double sum = 0;
  for (size_t i = size_t(group_.rank()); i < batches->size(); i += size_t(group_.count()))
    sum += add_gradients(*model_, (*batches)[i], 1 / weight, bf16_);
  stopped_ = stop.stop_requested();
  if (group_.count() > 1) sum_over_ranks(sum);
  const double norm = optimizer_->clip(), rate = r_.schedule.at(state_.step);
  if (!std::isfinite(norm) || !std::isfinite(sum))
    return base::fail(base::ErrorCode::Failed, "step {}: the loss is no longer a number; a lower learning rate or a longer warm-up may help",
                      state_.step + 1);
  optimizer_->step(rate);
  state_ = {state_.step + 1, state_.tokens + tokens, r_.data->position()};
  if (events_.step)
    events_.step({.step = state_.step, .steps = r_.schedule.steps, .tokens = state_.tokens, .loss = sum / weight, .learning_rate = rate,
                  .gradient_norm = norm, .tokens_per_second = double(tokens) / seconds_since(start), .epoch = state_.data.epoch});
  return {};
}

void Trainer::sum_over_ranks(double& sum) {
  std::vector<torch::Tensor> gradients;
  for (Parameter& p : parameters_) {
    if (!p.value.grad().defined()) p.value.mutable_grad() = torch::zeros_like(p.value);
    gradients.push_back(p.value.grad());
  }
  double numbers[] = {sum, stopped_ ? 1.0 : 0.0};
  group_.sum(gradients, numbers);
  sum = numbers[0], stopped_ = numbers[1] > 0;
}

base::Result<void> Trainer::validate() {
  if (validation_.empty()) return {};
  double sum = 0, targets = 0;  // by their weights
  for (size_t i = 0; i < validation_.size(); ++i) {
    if (i % size_t(group_.count()) == size_t(group_.rank())) sum += loss(*model_, validation_[i], bf16_);
    targets += validation_[i].weight();
  }
  group_.sum({}, {&sum, 1});
  report_.validation_loss = sum / targets, report_.nats_per_byte = sum / validation_bytes_;
  if (events_.validated) events_.validated({state_.step, report_.validation_loss, report_.nats_per_byte});
  return {};
}

base::Result<void> Trainer::save_weights_to_out() {
  if (!group_.leads()) return {};
  if (lora_) return write_adapter(r_.out, lora_->adapter());
  if (auto saved = save_weights(*model_, r_.out / "model.safetensors", "F32"); !saved || r_.config_json.empty()) return saved;
  return base::write_file_atomic(r_.out / "config.json", r_.config_json);
}

base::Result<bool> Trainer::keep_if_best() {
  if (auto done = validate(); !done) return base::forward(done);
  const double loss = report_.validation_loss;
  if (state_.step == 0) report_.first_loss = report_.best_loss = loss;
  else if (loss < report_.best_loss) {
    report_.best_loss = loss, report_.best_step = state_.step, without_better_ = 0;
    if (auto saved = save_weights_to_out(); !saved) return base::forward(saved);
    if (events_.checkpointed) events_.checkpointed(state_.step);
  } else {
    ++without_better_;
  }
  return r_.patience > 0 && without_better_ >= r_.patience;
}

// What would be kept is what is looked at: a step whose own weights know the files by heart may be the best one of those behind the blend.
base::Result<bool> Trainer::keep_blend_if_best() {
  if (began_.empty() || state_.step == 0) return keep_if_best();
  const torch::NoGradGuard no_gradients;
  std::vector<torch::Tensor> trained;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    torch::Tensor& value = parameters_[i].value;
    trained.push_back(value.clone());
    value.copy_(torch::lerp(began_[i], trained[i], r_.blend));
  }
  auto looked = keep_if_best();
  for (size_t i = 0; i < parameters_.size(); ++i) parameters_[i].value.copy_(trained[i]);
  return looked;
}

base::Result<void> Trainer::save() {
  if (!group_.leads()) return {};
  if (r_.checkpoint.empty()) return save_weights_to_out();
  if (auto written = write_checkpoint(r_.checkpoint, state_, optimizer_->state()); !written) return written;
  if (auto saved = save_weights_to_out(); !saved) return saved;
  if (events_.checkpointed) events_.checkpointed(state_.step);
  return {};
}

base::Result<TrainReport> Trainer::run(std::stop_token stop) {
  auto saved = Clock::now();
  bool enough = false;
  if (r_.keep_best && state_.step == 0)
    if (auto looked = keep_blend_if_best(); !looked) return base::forward(looked);
  while (state_.step < r_.schedule.steps && !stopped_ && !enough) {
    if (auto done = one_step(stop); !done) return base::forward(done);
    if (r_.keep_best) {
      const bool due = stopped_ || state_.step == r_.schedule.steps || (r_.validate_every > 0 && state_.step % r_.validate_every == 0);
      const auto looked = due ? keep_blend_if_best() : false;
      if (!looked) return base::forward(looked);
      enough = *looked;
      continue;
    }
    if (r_.validate_every > 0 && state_.step % r_.validate_every == 0 && state_.step < r_.schedule.steps)
      if (auto done = validate(); !done) return base::forward(done);
    if (seconds_since(saved) >= r_.checkpoint_seconds) {
      if (auto done = save(); !done) return base::forward(done);
      saved = Clock::now();
    }
  }
  report_.finished = enough || state_.step >= r_.schedule.steps;
  if (report_.finished && !r_.keep_best)
    if (auto done = validate(); !done) return base::forward(done);
  if (!r_.keep_best)
    if (auto done = save(); !done) return base::forward(done);
  report_.steps = state_.step, report_.tokens = state_.tokens;
  return report_;
}

}  // namespace

base::Result<TrainReport> train_with_torch(const TrainRequest& request, const TrainEvents& events, std::stop_token stop) {
  return guard_with_gradients("training", [&]() -> base::Result<TrainReport> {
    keep_memory();
    at::set_num_threads(request.threads > 0 ? request.threads : std::max(1, base::describe_machine().cores));
    auto device = choose_device(request.device);
    if (!device) return base::forward(device);
    Trainer trainer(request, events, *device, request.dtype == "bf16" || (request.dtype == "auto" && multiplies_bf16(*device)));
    if (auto ready = trainer.prepare(); !ready) return base::forward(ready);
    return trainer.run(stop);
  });
}

}  // namespace engine

#include "engine/train/trainer.h"

#include <ATen/Parallel.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <chrono>
#include <optional>

#include "base/machine.h"
#include "engine/models/registry.h"
#include "engine/torch/device.h"
#include "engine/torch/guard.h"
#include "engine/torch/load_parameters.h"
#include "engine/train/batches.h"
#include "engine/train/checkpoint.h"
#include "engine/train/loss.h"
#include "engine/train/optimizer.h"
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
  Trainer(const TrainRequest& request, const TrainEvents& events, torch::Device device) : r_(request), events_(events), device_(device) {}

  base::Result<void> prepare();
  base::Result<TrainReport> run(std::stop_token stop);

 private:
  base::Result<void> fill_model();
  base::Result<void> one_step();
  base::Result<void> validate();
  base::Result<void> save();

  const TrainRequest& r_;
  const TrainEvents& events_;
  torch::Device device_;
  std::unique_ptr<Model> model_;
  std::optional<Optimizer> optimizer_;
  std::vector<MicroBatch> validation_;
  double validation_bytes_ = 0;
  TrainState state_;
  TrainReport report_;
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
  auto loaded = load_parameters(*model_, **source, {.device = device_, .dtype = torch::kFloat32, .quant = Quant::None}, {}, {});
  if (!loaded) return base::forward(loaded);
  return {};
}

base::Result<void> Trainer::prepare() {
  if (auto filled = fill_model(); !filled) return filled;
  if (auto can = can_save(*model_, r_.write_config); !can) return can;  // rather than after hours
  std::vector<Parameter> parameters = parameters_of(*model_, device_);
  for (const Parameter& p : parameters) report_.parameters += p.value.numel();
  model_->ready(device_, r_.bf16 ? torch::kBFloat16 : torch::kFloat32, {});
  optimizer_.emplace(std::move(parameters), r_.optimizer);
  std::error_code ignored;
  if (std::filesystem::exists(r_.checkpoint, ignored)) {
    auto state = read_checkpoint(r_.checkpoint, optimizer_->state());
    if (!state) return base::forward(state);
    state_ = *state;
    optimizer_->set_steps(state_.step);
    r_.data->seek(state_.data);
  }
  if (r_.validation) {
    r_.validation->seek({});
    auto batches = take_step(*r_.validation, r_.validation_tokens, r_.micro_tokens, device_);
    if (!batches) return base::forward(batches);
    validation_ = std::move(*batches);
    for (const MicroBatch& batch : validation_) validation_bytes_ += double(batch.targets) * r_.validation->bytes_per_token();
  }
  if (events_.begun) events_.begun(state_.step);
  return {};
}

base::Result<void> Trainer::one_step() {
  const auto start = Clock::now();
  auto batches = take_step(*r_.data, r_.step_tokens, r_.micro_tokens, device_);
  if (!batches) return base::forward(batches);
  std::int64_t targets = 0, tokens = 0;
  for (const MicroBatch& batch : *batches) targets += batch.targets, tokens += batch.ids_T.size(0);
  optimizer_->clear_gradients();
  double sum = 0;
  for (const MicroBatch& batch : *batches) sum += add_gradients(*model_, batch, 1 / double(targets), r_.bf16);
  const double norm = optimizer_->clip(), rate = r_.schedule.at(state_.step);
  if (!std::isfinite(norm) || !std::isfinite(sum))
    return base::fail(base::ErrorCode::Failed, "step {}: the loss is no longer a number; a lower learning rate or a longer warm-up may help",
                      state_.step + 1);
  optimizer_->step(rate);
  state_ = {state_.step + 1, state_.tokens + tokens, r_.data->position()};
  if (events_.step)
    events_.step({.step = state_.step, .steps = r_.schedule.steps, .tokens = state_.tokens, .loss = sum / double(targets), .learning_rate = rate,
                  .gradient_norm = norm, .tokens_per_second = double(tokens) / seconds_since(start), .epoch = state_.data.epoch});
  return {};
}

base::Result<void> Trainer::validate() {
  if (validation_.empty()) return {};
  double sum = 0, targets = 0;
  for (const MicroBatch& batch : validation_) sum += loss(*model_, batch, r_.bf16), targets += double(batch.targets);
  report_.validation_loss = sum / targets, report_.nats_per_byte = sum / validation_bytes_;
  if (events_.validated) events_.validated({state_.step, report_.validation_loss, report_.nats_per_byte});
  return {};
}

base::Result<void> Trainer::save() {
  if (auto written = write_checkpoint(r_.checkpoint, state_, optimizer_->state()); !written) return written;
  const auto saved = r_.write_config ? save_model(*model_, r_.out, "F32") : save_weights(*model_, r_.out / "model.safetensors", "F32");
  if (!saved) return saved;
  if (events_.checkpointed) events_.checkpointed(state_.step);
  return {};
}

base::Result<TrainReport> Trainer::run(std::stop_token stop) {
  auto saved = Clock::now();
  while (state_.step < r_.schedule.steps && !stop.stop_requested()) {
    if (auto done = one_step(); !done) return base::forward(done);
    if (r_.validate_every > 0 && state_.step % r_.validate_every == 0 && state_.step < r_.schedule.steps)
      if (auto done = validate(); !done) return base::forward(done);
    if (seconds_since(saved) >= r_.checkpoint_seconds) {
      if (auto done = save(); !done) return base::forward(done);
      saved = Clock::now();
    }
  }
  report_.finished = state_.step >= r_.schedule.steps;
  if (report_.finished)
    if (auto done = validate(); !done) return base::forward(done);
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
    Trainer trainer(request, events, *device);
    if (auto ready = trainer.prepare(); !ready) return base::forward(ready);
    return trainer.run(stop);
  });
}

}  // namespace engine

// training.h: teaching a model: from random weights or from a loaded one, to a Hugging Face folder.
// train_model() opens librigpilot_torch.so and works until the last step, or until the stop token fires; then it writes a
// checkpoint from which the same call goes on, with the same numbers as if it had never stopped (same machine, same threads).
// Events are told on the calling thread. Errors are one sentence; what was checkpointed stays.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/config.h"
#include "engine/load.h"
#include "engine/train/data/sequence_stream.h"
#include "engine/train/schedule.h"

namespace engine {

struct OptimizerSettings {
  bool muon = true;            // for the matrices of the blocks (Jordan 2024, kellerjordan.github.io/posts/muon); AdamW for all else
  double weight_decay = 0.1;   // of matrices; decoupled: Loshchilov and Hutter 2017, arXiv 1711.05101
  double momentum = 0.95;      // Muon's
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;  // AdamW's
  double clip = 1;             // the gradient's norm is at most this; 0: as it is
};

// Low-rank adaptation: the model's own weights stay, quantised ones too, and two thin matrices beside each are trained.
struct LoraSettings {
  std::int64_t rank = 0;  // 0: all weights are trained
  double alpha = 16;
  std::vector<std::string> modules;  // last parts of matrices' names, "q_proj"; empty: every matrix of the blocks
  std::string base_model;            // noted in the adapter
};

// Several processes that train one model: each works on its share of every step, gradients are summed over all (c10d). Only rank 0 writes.
struct Ranks {
  int rank = 0, count = 1;
  std::string meet;  // a file that all of them reach, or HOST:PORT, where rank 0 listens
};

struct TrainRequest {
  ModelConfig config;
  std::filesystem::path start;       // the weights to begin with, as open_weights() takes them; empty: random ones
  std::filesystem::path out;         // gets model.safetensors, at each checkpoint and at the end; with lora: adapter_config.json and adapter_model.safetensors
  std::string config_json;           // text of the config.json that is written beside the weights; empty: none is
  std::filesystem::path checkpoint;  // everything needed to go on; gone on from where it is there; empty: none is kept
  LoraSettings lora;
  Quant quant = Quant::Auto;         // with lora: how the frozen weights are held
  bool keep_best = false;            // `out` gets the weights of the lowest validation loss only, none where the first one is that
  // With keep_best and without lora: how far the weights that are looked at, and of which `out` gets the best, lie from `start` to those of
  // training. Short of all the way, nearly as much is known of what was learned and less is forgotten of all else (Wortsman et al. 2022,
  // arXiv 2109.01903). Takes the memory of two more copies of the weights.
  double blend = 1;
  std::int64_t patience = 0;         // with keep_best: so many validations without a lower loss end it; 0: none do
  bool recompute = false;            // activation checkpointing: less memory, a third more work
  Ranks ranks;
  SequenceStream* data = nullptr;
  SequenceStream* validation = nullptr;  // may be null; its first `validation_tokens` are looked at each time
  double hole_weight = 1;                // of a token that fills a hole, in both; all others have 1
  Schedule schedule;                     // schedule.steps: how many in all
  OptimizerSettings optimizer;
  std::int64_t step_tokens = 32768;   // a step sees about as many,
  std::int64_t micro_tokens = 8192;   // so many at a time: what memory holds
  std::int64_t validation_tokens = 65536;
  std::int64_t validate_every = 250;  // steps; 0: only at the end
  double checkpoint_seconds = 600;
  std::uint64_t seed = 0;
  std::string device = "auto";
  std::string dtype = "auto";  // of matrix products: bf16, f32, or auto: bf16 where the device multiplies it by itself; sums and weights are f32
  int threads = 0;
};

struct StepReport {
  std::int64_t step = 0, steps = 0;  // done, and in all
  std::int64_t tokens = 0;           // seen since the very beginning
  double loss = 0;                   // nats a token, of this step
  double learning_rate = 0, gradient_norm = 0, tokens_per_second = 0;
  std::uint64_t epoch = 0;
};
struct ValidationReport {
  std::int64_t step = 0;
  double loss = 0;           // nats a token
  double nats_per_byte = 0;  // of text; special tokens' nats counted in
};
struct TrainEvents {
  std::function<void(std::int64_t step)> begun;  // from a checkpoint: of which step; else 0
  std::function<void(const StepReport&)> step;
  std::function<void(const ValidationReport&)> validated;
  std::function<void(std::int64_t step)> checkpointed;
};

struct TrainReport {
  std::int64_t steps = 0, tokens = 0, parameters = 0;
  double validation_loss = 0, nats_per_byte = 0;  // 0 without validation
  bool finished = false;                          // false: the stop token fired
  double first_loss = 0, best_loss = 0;           // keep_best: of the validation, before the first step and of what is in `out`
  std::int64_t best_step = 0;                     // 0: nothing was better than the beginning
};

base::Result<TrainReport> train_model(const TrainRequest& request, const TrainEvents& events, std::stop_token stop);

}  // namespace engine

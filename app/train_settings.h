// train_settings.h: what `rigpilot train` can be told: each setting is declared once, with its name and help.
// visit() gives options of the command line, the train.json that a stopped training goes on from, and a preset's changes.
// Values only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/config.h"

namespace app {

struct TrainSettings {
  std::vector<std::string> corpus;
  std::string messages, validation, tokenizer, config, start;
  std::int64_t context = 512, steps = 3000, warmup = 60, decay = 600;
  std::int64_t step_tokens = 32768, micro_tokens = 8192;
  double rate = 4e-3, weight_decay = 0.1, clip = 1, least_rate = 0;
  std::string schedule = "wsd", optimizer = "muon", dtype = "auto", device = "auto";
  double fim = 0.75, suffix_first = 0.5, header = 0.5, packed = 0, import_dropout = 0;
  double hole_characters = 0.4, hole_lines = 0.25, hole_blocks = 0.15, hole_rests = 0.2, hole_weight = 1;
  bool recompute = false;
  std::int64_t seed = 0, threads = 0, validate_every = 250, validation_tokens = 65536;
  double checkpoint_minutes = 10;
};

template <class Settings, class Field>
void visit(Settings& s, Field&& field) {
  field(s.messages, "messages", "FILE", "text messages as programs export them, JSON or CSV: conversations to train on; every tenth is held out");
  field(s.validation, "validation", "FILE", "text that is never trained on, to see how the loss does there");
  field(s.tokenizer, "tokenizer", "PATH", "the vocabulary: a tokenizer.json, or a folder with one; `bytes` for one token a byte");
  field(s.config, "config", "FILE", "the model's shape: a config.json of any architecture that runs here; the vocabulary and --context take the place of its own");
  field(s.start, "start", "MODEL", "begin with this model's weights, shape and vocabulary, rather than from nothing: a Hugging Face folder, or a .gguf beside its config.json and tokenizer.json");
  field(s.context, "context", "N", "longest sequence, in tokens");
  field(s.steps, "steps", "N", "how many steps in all");
  field(s.warmup, "warmup", "N", "steps in which the learning rate rises");
  field(s.decay, "decay", "N", "steps at the end in which it falls (wsd)");
  field(s.step_tokens, "step-tokens", "N", "tokens a step");
  field(s.micro_tokens, "micro-tokens", "N", "of them, how many at a time: what memory holds");
  field(s.rate, "rate", "X", "learning rate at its highest");
  field(s.least_rate, "least-rate", "X", "share of it at the end");
  field(s.weight_decay, "weight-decay", "X", "of matrices, as a share of the learning rate");
  field(s.clip, "clip", "X", "longest gradient; 0 leaves it as it is");
  field(s.schedule, "schedule", "NAME", "wsd (constant, then falling) or cosine");
  field(s.optimizer, "optimizer", "NAME", "muon (for the blocks' matrices, AdamW for the rest) or adamw");
  field(s.dtype, "dtype", "NAME", "of matrix products: auto (bf16 where the device multiplies it by itself, else f32), bf16 or f32");
  field(s.device, "device", "DEVICE", "auto, cpu, cuda or cuda:N");
  field(s.fim, "fim", "X", "share of pieces with a hole to fill in");
  field(s.suffix_first, "suffix-first", "X", "of them, how many show the suffix before the prefix; all where the vocabulary asks for that");
  field(s.header, "header", "X", "share of pieces that begin with the file's name");
  field(s.packed, "packed", "X", "share of pieces with a part of another file of their repository before them");
  field(s.import_dropout, "import-dropout", "X", "share of pieces without the lines that import");
  field(s.hole_characters, "hole-characters", "X", "share of the holes that are any characters");
  field(s.hole_lines, "hole-lines", "X", "that are a whole line, or some");
  field(s.hole_blocks, "hole-blocks", "X", "that are what a block's opening line stands above");
  field(s.hole_rests, "hole-rests", "X", "that are the rest of a line");
  field(s.hole_weight, "hole-weight", "X", "how much a token that fills a hole counts beside the others");
  field(s.recompute, "recompute", "BOOL", "true: keep only the blocks' inputs for the way back: less memory, a third more work");
  field(s.seed, "seed", "N", "another seed, another order and other weights");
  field(s.threads, "threads", "N", "CPU threads; 0: one a core");
  field(s.validate_every, "validate-every", "N", "steps between looks at the validation text; 0: only at the end");
  field(s.validation_tokens, "validation-tokens", "N", "of that text, how many tokens");
  field(s.checkpoint_minutes, "checkpoint-minutes", "X", "between checkpoints");
}

base::Json to_json(const TrainSettings& settings);
base::Result<TrainSettings> from_json(const base::Json& json);

// A whole recipe by name; its config is its model's shape, as the text of a config.json.
struct Preset {
  const char* name;
  const char* help;
  TrainSettings settings;
  engine::ModelConfig shape;
};
base::Result<Preset> find_preset(std::string_view name);
std::string preset_help();

}  // namespace app

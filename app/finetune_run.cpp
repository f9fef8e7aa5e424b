#include "app/finetune_run.h"

#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <stop_token>

#include "app/adapters.h"
#include "app/evaluate/run.h"
#include "app/finetune/memory.h"
#include "app/finetune/work_folder.h"
#include "app/store.h"
#include "app/train_start.h"
#include "base/machine.h"
#include "engine/config/model_notes.h"
#include "engine/train/data/corpus_source.h"
#include "engine/weights/source.h"
#include "lsp/completion/mix_learning.h"
#include "tokenizer/load.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;

class Finetuning {
 public:
  Finetuning(const FinetuneOptions& options, FinetuneProgress& progress) : o_(options), progress_(progress) {}

  Result<FinetuneOutcome> run();

 private:
  Result<void> prepare();
  Result<void> choose_model();
  Result<void> choose_out();
  Result<void> make_data();
  bool made_it_worse();
  Result<void> check_memory() const;
  Result<Measured> measure_holes(bool tuned, const char* stage, double begin, double end);
  Result<engine::MixWeights> learn_mixing(const lsp::Model& model, const engine::NgramIndex& index) const;
  Result<void> train();
  Result<void> put_in_place();
  bool lora() const { return o_.lora > 0; }
  bool of_code() const { return o_.messages.empty(); }
  fs::path result() const { return work_->path() / (lora() ? "adapter" : "model"); }

  const FinetuneOptions& o_;
  FinetuneProgress& progress_;
  fs::path model_, out_;
  std::unique_ptr<WorkFolder> work_;
  StartModel start_;  // where all weights are trained
  engine::ModelConfig config_;
  engine::ModelNotes notes_;  // of what is learned
  Folder folder_;
  std::vector<Hole> holes_;
  FinetuneOutcome outcome_;
};

Result<engine::ModelConfig> config_of(const fs::path& model) {
  if (model.extension() != ".gguf") return engine::read_hf_config(model);
  const auto file = base::Gguf::open(model);
  if (!file) return base::forward(file);
  return engine::read_gguf_config(*file);
}

Result<void> Finetuning::choose_model() {
  if (!o_.model.adapter.empty()) return fail(ErrorCode::InvalidInput, "--adapter {}: a fine-tuning begins with the model itself", o_.model.adapter);
  auto model = find_model(o_.model.model);
  if (!model) return base::forward(model);
  model_ = fs::absolute(*model);
  auto config = config_of(model_);
  if (!config) return base::forward(config);
  config_ = std::move(*config);
  if (!lora()) {
    auto start = find_start(model_);
    if (!start) return base::forward(start, "--model");
    start_ = std::move(*start);
  }
  return {};
}

Result<void> Finetuning::choose_out() {
  if (o_.out.empty() && !(lora() && of_code()))
    return fail(ErrorCode::InvalidInput, "--out is missing: expected the folder that gets the {}", lora() ? "adapter" : "whole model");
  out_ = fs::absolute(o_.out.empty() ? adapter_folder(folder_.root, model_name(model_)) : fs::path(o_.out)).lexically_normal();
  if (!out_.has_filename()) out_ = out_.parent_path();
  std::error_code failed;
  if (fs::exists(out_, failed) && !fs::exists(out_ / "adapter_config.json") && !fs::exists(out_ / "config.json") && !fs::is_empty(out_))
    return fail(ErrorCode::InvalidInput, "--out {}: holds something else than an adapter or a model", out_.string());
  auto work = WorkFolder::make(out_.parent_path() / fmt::format(".{}.part", out_.filename().string()));
  if (!work) return base::forward(work);
  work_ = *std::move(work);
  return {};
}

Result<void> Finetuning::make_data() {
  const fs::path into = work_->path() / "data";
  if (!of_code()) {
    auto data = make_message_data(o_.messages, o_.held_out, into);
    if (!data) return base::forward(data, "--messages");
    if (data->held_out_conversations == 0) return fail(ErrorCode::InvalidInput, "--messages {}: holds a single message: expected more, to train on some and to measure by others", o_.messages);
    outcome_.messages = *std::move(data);
    return {};
  }
  auto data = make_dataset(folder_, {.seed = o_.seed, .held_out = o_.held_out, .history = !o_.no_history, .replay = o_.replay, .replay_share = o_.replay_share}, into);
  if (!data) return base::forward(data);
  outcome_.data = std::move(*data);
  folder_.code = outcome_.data.measured_files;  // holes are cut in these alone; all of the folder may be copied from
  holes_ = cut_holes(folder_.code, o_.seed, o_.holes);
  return {};
}

Result<void> Finetuning::prepare() {
  if (auto chosen = choose_model(); !chosen) return chosen;
  if (of_code()) {
    auto folder = read_folder(o_.code);
    if (!folder) return base::forward(folder, "--code");
    folder_ = std::move(*folder);
  }
  if (auto chosen = choose_out(); !chosen) return chosen;
  if (auto enough = check_memory(); !enough) return enough;
  return make_data();
}

Result<void> Finetuning::check_memory() const {
  MemoryPlan plan{.micro_tokens = o_.micro_tokens, .context = o_.context, .recompute = o_.recompute};
  const auto source = engine::open_weights(model_);
  if (!source) return base::forward(source);
  std::int64_t stored = 0;
  for (const engine::WeightView& view : (*source)->weights()) stored += std::int64_t(view.bytes.size());
  const std::int64_t all = all_parameters(config_), tables = all - block_parameters(config_);
  const bool held_as_stored = model_.extension() == ".gguf" && o_.model.quant == "auto";
  plan.trained = lora() ? lora_parameters(config_, o_.lora) : all;
  const std::int64_t blending = of_code() && o_.blend < 1 ? 8 : 0;  // the weights as they were, and at a look those of training
  plan.weight_bytes = !lora() ? (4 + blending) * all : held_as_stored ? stored * 5 / 4 : 2 * block_parameters(config_) + 4 * tables;
  if (lora()) plan.weight_bytes += 4 * plan.trained;
  const base::Machine machine = base::describe_machine();
  plan.bf16 = o_.dtype == "bf16" || (o_.dtype == "auto" && (o_.model.device.starts_with("cuda") || base::multiplies_bf16(machine)));
  return enough_memory(memory_needed(config_, plan), o_.model.device.starts_with("cuda") ? 0 : machine.available_bytes, plan);
}

// By holes in the files held out for that. The server's idle time would ask files that were learned, which says too much for the model.
Result<engine::MixWeights> Finetuning::learn_mixing(const lsp::Model& model, const engine::NgramIndex& index) const {
  constexpr std::size_t kHoles = 200;
  constexpr std::chrono::seconds kMost{60};
  const auto start = std::chrono::steady_clock::now();
  const std::vector<SourceFile>& files = outcome_.data.validation_files;
  const lsp::CompletionSettings settings;
  std::vector<engine::MixSample> samples;
  for (const Hole& hole : cut_holes(files, o_.seed + 1, kHoles)) {
    const SourceFile& file = files[hole.file];
    auto taken = lsp::take_hole_samples(query_at(folder_, file, hole), file.text.substr(hole.begin, hole.end - hole.begin), {.model = model, .settings = settings, .workspace = &index}, {});
    if (!taken) return base::forward(taken, file.path);
    samples.insert(samples.end(), taken->begin(), taken->end());
    if (std::chrono::steady_clock::now() - start > kMost) break;
  }
  return engine::fit_mixing(samples);
}

Result<Measured> Finetuning::measure_holes(bool tuned, const char* stage, double begin, double end) {
  progress_.stage(stage, begin, end);
  ModelOptions options = o_.model;
  if (tuned && lora()) options.adapter = result().string();
  if (tuned && !lora()) options.model = result().string();
  auto model = load_model(options);
  if (!model) return base::forward(model);
  const engine::NgramIndex index = index_of(folder_, *(*model)->tokenizer);
  auto mixing = learn_mixing(**model, index);
  if (!mixing) return base::forward(mixing);
  (*model)->mix = *mixing;
  if (tuned) {
    outcome_.mixing = *mixing, notes_.mixing = {*mixing, folder_.root};
    if (auto written = engine::write_model_notes(result(), notes_); !written) return base::forward(written);
  }
  lsp::CompletionSettings settings;
  settings.copy_confidence = 0;
  const Slices slices(folder_);
  auto outcomes = answer_holes(folder_, holes_, slices, {.model = **model, .settings = settings, .workspace = &index}, [&](double fraction) { progress_.show(fraction); });
  if (!outcomes) return base::forward(outcomes);
  std::vector<const Outcome*> all;
  for (const Outcome& one : *outcomes) all.push_back(&one);
  return measure(all);
}

// A model taught from a quantised one is held as that was.
Result<engine::Quant> held_as(const StartModel& start) {
  const auto notes = engine::read_model_notes(start.files);
  if (!notes) return base::forward(notes);
  if (notes->quant != engine::Quant::Auto) return notes->quant;
  const auto source = engine::open_weights(start.weights);
  if (!source) return base::forward(source);
  constexpr double kFour = 5.5, kWhole = 16;  // bits a value, with scales and some matrices finer than the others
  double bits = 0, values = 0;                // of what is quantised
  for (const engine::WeightView& view : (*source)->weights()) {
    const double held = 8 * double(view.bytes.size()), count = double(std::accumulate(view.shape.begin(), view.shape.end(), std::int64_t{1}, std::multiplies<>()));
    if (held < kWhole * count) bits += held, values += count;
  }
  if (values == 0) return engine::Quant::Auto;
  return bits <= kFour * values ? engine::Quant::Int4 : engine::Quant::Int8;
}

engine::SequenceOptions sequences_of(const FinetuneOptions& o, std::int64_t context) {
  engine::SequenceOptions out{.context = std::size_t(context), .seed = o.seed};
  if (!o.messages.empty()) {  // they are read from the beginning on
    out.fim = 0, out.header = 0;
    return out;
  }
  out.suffix_first = 0;  // prompts ask so, but where the vocabulary says otherwise
  // Mostly what an editor asks for, on the borders of syntax.
  out.holes = {.characters = 0.2, .lines = 0.2, .block = 0.15, .rest_of_line = 0.2, .brackets = 0.15, .statement = 0.1};
  return out;
}

Result<void> Finetuning::train() {
  progress_.stage("training", of_code() ? 0.12 : 0, of_code() ? 0.88 : 1);
  auto tokenizer = tokenizer::load_tokenizer(model_);
  if (!tokenizer) return base::forward(tokenizer);
  const std::int64_t context = std::min(o_.context, config_.context_length);
  const auto& messages = outcome_.messages;
  auto corpus = engine::CorpusSource::open(std::vector<fs::path>{messages ? messages->train : outcome_.data.train});
  auto held_out = engine::CorpusSource::open(std::vector<fs::path>{messages ? messages->held_out : outcome_.data.validation});
  for (const auto* opened : {&corpus, &held_out})
    if (!*opened) return base::forward(*opened);
  auto data = engine::SequenceStream::make(*corpus, **tokenizer, sequences_of(o_, context));
  auto validation = engine::SequenceStream::make(*held_out, **tokenizer, sequences_of(o_, context));
  for (const auto* made : {&data, &validation})
    if (!*made) return base::forward(*made);
  const double tokens = double(messages ? messages->bytes : outcome_.data.bytes) / data->bytes_per_token();
  const std::int64_t steps = o_.steps > 0 ? o_.steps : std::max<std::int64_t>(4, std::int64_t(std::ceil(o_.epochs * tokens / double(o_.step_tokens))));
  engine::TrainRequest request{.config = config_, .start = lora() ? model_ : start_.weights, .out = result(), .checkpoint = {}};
  request.lora = {.rank = o_.lora, .alpha = o_.alpha > 0 ? o_.alpha : 2 * double(o_.lora), .modules = o_.modules, .base_model = model_.string()};
  auto quant = engine::parse_quant(o_.model.quant);
  if (!quant) return base::forward(quant);
  request.quant = *quant, request.keep_best = true, request.blend = lora() || !of_code() ? 1 : o_.blend, request.patience = o_.patience, request.recompute = o_.recompute;
  request.data = &*data, request.validation = &*validation;
  request.schedule = {.kind = engine::Schedule::Kind::Cosine, .peak = o_.rate > 0 ? o_.rate : lora() ? 1e-3 : 3e-4, .steps = steps,
                      .warmup = std::max<std::int64_t>(1, steps / 20), .decay = 0, .least = 0.1};
  request.optimizer = {.muon = !lora(), .weight_decay = lora() ? 0.01 : 0.1, .beta2 = 0.99};
  request.step_tokens = o_.step_tokens, request.micro_tokens = std::max(o_.micro_tokens, context);
  request.validation_tokens = std::min<std::int64_t>(16384, std::int64_t(double(held_out->bytes()) / validation->bytes_per_token()) + 1);
  request.validate_every = std::max<std::int64_t>(2, steps / 16);
  request.seed = o_.seed, request.device = o_.model.device, request.dtype = o_.dtype, request.threads = o_.model.threads;
  if (!lora()) {
    if (auto brought = bring_model(start_, result()); !brought) return brought;
    auto held = held_as(start_);
    if (!held) return base::forward(held);
    notes_.quant = *held;
    if (auto written = engine::write_model_notes(result(), notes_); !written) return written;
  }
  std::stop_source stop;
  const auto start = std::chrono::steady_clock::now();
  double validated = 0;
  const engine::TrainEvents events{
      .begun = {},
      .step = [&](const engine::StepReport& s) {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        const double done = o_.minutes > 0 ? std::max(double(s.step) / double(s.steps), seconds / 60 / o_.minutes) : double(s.step) / double(s.steps);
        progress_.show(done, fmt::format("step {}/{}, loss {:.3f}, held-out {:.3f}, {:.0f} tokens/s, {:.0f} min left", s.step, s.steps, s.loss, validated, s.tokens_per_second,
                                         seconds / 60 * (1 / done - 1)));
        if (work_->asked() || (o_.minutes > 0 && seconds > 60 * o_.minutes)) stop.request_stop();
      },
      .validated = [&](const engine::ValidationReport& v) { validated = v.loss; },
      .checkpointed = {}};
  work_->let_ctrl_c_ask();
  auto report = engine::train_model(request, events, stop.get_token());
  work_->let_ctrl_c_end();
  if (!report) return base::forward(report);
  outcome_.training = *report;
  return {};
}

Result<void> Finetuning::put_in_place() {
  std::error_code failed;
  const fs::path old = work_->path() / "old";
  work_->settle();
  if (fs::exists(out_, failed)) fs::rename(out_, old, failed);
  if (!failed) fs::rename(result(), out_, failed);
  if (failed) return fail(ErrorCode::Failed, "{}: {}", out_.string(), failed.message());
  return {};
}

// Of those that only measuring shows; the loss fell.
bool Finetuning::made_it_worse() {
  if (!of_code() || outcome_.after.exact >= outcome_.before.exact || o_.keep_worse) return false;
  outcome_.why = fmt::format("exact suggestions at {} held-out holes fell from {:.1f} % to {:.1f} %", holes_.size(), 100 * outcome_.before.exact, 100 * outcome_.after.exact);
  outcome_.out = result(), work_->keep();
  return true;
}

Result<FinetuneOutcome> Finetuning::run() {
  if (auto ready = prepare(); !ready) return base::forward(ready);
  if (of_code()) {
    auto before = measure_holes(false, "measuring the model as it is", 0, 0.12);
    if (!before) return base::forward(before);
    outcome_.before = outcome_.after = std::move(*before);
  }
  if (auto trained = train(); !trained) return base::forward(trained);
  if (outcome_.training.best_step == 0) {
    outcome_.why = fmt::format("no step made the held-out {} likelier (loss {:.4f} nats a token, then {:.4f})", of_code() ? "files" : "conversations", outcome_.training.first_loss,
                               outcome_.training.validation_loss);
    return std::move(outcome_);
  }
  if (of_code()) {
    auto after = measure_holes(true, "measuring what was learned", 0.88, 1);
    if (!after) return base::forward(after);
    outcome_.after = std::move(*after);
  }
  if (made_it_worse()) return std::move(outcome_);
  if (auto placed = put_in_place(); !placed) return base::forward(placed);
  outcome_.installed = true, outcome_.out = out_;
  return std::move(outcome_);
}

}  // namespace

Result<FinetuneOutcome> run_finetune(const FinetuneOptions& options, FinetuneProgress& progress) { return Finetuning(options, progress).run(); }

}  // namespace app

#include "app/load.h"

#include "app/console.h"
#include "app/store.h"
#include "engine/config/model_notes.h"
#include "engine/load.h"
#include "engine/ngram/copy_engine.h"
#include "engine/scripted/scripted_engine.h"
#include "tokenizer/byte_tokenizer.h"
#include "tokenizer/code_vocabulary.h"
#include "tokenizer/load.h"
#include "tokenizer/same_vocabulary.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using Progress = std::function<void(double)>;

constexpr std::string_view kScripted = "scripted:", kNone = "none";

std::string check_device(const std::string& device) {
  if (device == "auto" || device == "cpu" || device == "cuda") return {};
  if (device.starts_with("cuda:") && device.size() <= 7 && device.size() > 5 &&
      device.find_first_not_of("0123456789", 5) == std::string::npos)
    return {};
  return fmt::format("'{}': expected auto, cpu, cuda or cuda:N", device);
}

base::Result<std::unique_ptr<engine::Engine>> load_engine_at(const fs::path& path,
                                                             const ModelOptions& options,
                                                             const Progress& progress, std::stop_token stop) {
  auto quant = engine::parse_quant(options.quant);
  if (!quant) return base::forward(quant);
  return engine::load_engine({.path = path,
                              .device = options.device,
                              .dtype = options.dtype,
                              .quant = *quant,
                              .threads = options.threads,
                              .adapter = options.adapter},
                             progress, stop);
}

// `vocabulary`: the model's; null where it has none. A draft model without one is taken at its word.
base::Result<void> use_draft_of(engine::Engine& engine, const tokenizer::Tokenizer* vocabulary, const std::string& name, const std::string& draft,
                                std::stop_token stop) {
  if (draft == kNone) return engine.use_draft({}, stop);
  auto path = find_model(draft);
  if (!path) return base::forward(path, "the draft model");
  if (vocabulary)
    if (auto own = tokenizer::load_tokenizer(*path); own)
      if (auto same = tokenizer::check_same_vocabulary({**own, path->string()}, {*vocabulary, name}); !same) return base::forward(same, "the draft model");
  return engine.use_draft(*path, stop);
}

// For a command: a model that verifies no drafts works without them.
base::Result<void> use_wanted_draft(engine::Engine& engine, const tokenizer::Tokenizer* vocabulary, const fs::path& path, const ModelOptions& options, std::stop_token stop) {
  if (options.draft.empty()) return {};
  auto used = use_draft_of(engine, vocabulary, path.string(), options.draft, stop);
  if (used || used.error().code != base::ErrorCode::Unsupported) return used;
  note(used.error().message);
  return {};
}

base::Result<std::unique_ptr<lsp::Model>> load_script(const std::string& file, const Progress& progress,
                                                      std::stop_token stop) {
  auto engine = engine::load_scripted(file, progress, stop);
  if (!engine) return base::forward(engine);
  auto model = std::make_unique<lsp::Model>();
  model->name = (*engine)->info().name;
  model->tokenizer = tokenizer::make_byte_tokenizer((*engine)->script().fim);
  model->fim = tokenizer::probe_fim(*model->tokenizer);
  model->engine = std::move(*engine);
  model->index();
  return model;
}

base::Result<std::unique_ptr<lsp::Model>> load(const ModelOptions& options, const Progress& progress,
                                               std::stop_token stop) {
  if (!options.engine.empty()) return load_script(options.engine.substr(kScripted.size()), progress, stop);
  if (options.model == kNone) return load_copying_model(options);
  auto path = find_model(options.model);
  if (!path) return base::forward(path);
  auto model = std::make_unique<lsp::Model>();
  model->name = model_name(*path);
  auto vocabulary =
      tokenizer::load_tokenizer(*path);  // first: it is quick, and a model without one is of no use here
  if (!vocabulary) return base::forward(vocabulary);
  const auto notes = engine::read_model_notes(*path), adapter_notes = engine::read_model_notes(options.adapter);
  for (const auto* read : {&notes, &adapter_notes})
    if (!*read) return base::forward(*read);
  auto engine = load_engine_at(*path, options, progress, stop);
  if (!engine) return base::forward(engine);
  if (auto used = use_wanted_draft(**engine, vocabulary->get(), *path, options, stop); !used) return base::forward(used);
  model->own_mixing = notes->mixing;
  model->noted_mixing = options.adapter.empty() ? notes->mixing : adapter_notes->mixing;
  model->tokenizer = std::move(*vocabulary);
  model->engine = std::move(*engine);
  model->fim = tokenizer::probe_fim(*model->tokenizer);
  model->encoder();
  model->index();  // sorts the vocabulary now rather than in the first request
  return model;
}

}  // namespace

std::string model_name(const fs::path& path) {
  const fs::path clean = path.lexically_normal();
  const fs::path last = clean.has_filename() ? clean.filename() : clean.parent_path().filename();
  return last.extension() == ".gguf" ? last.stem().string() : last.string();
}

void add_model_name(CLI::App& command, ModelOptions& options) {
  command
      .add_option("--model,-m", options.model,
                  "a Hugging Face folder, a .gguf file, a name from `rigpilot model list`, or none: copying from the "
                  "workspace without a model; without it the model that comes with Rigpilot, default")
      ->type_name("MODEL");
}

void add_model_options(CLI::App& command, ModelOptions& options) {
  add_model_name(command, options);
  add_device_options(command, options);
}

void add_device_options(CLI::App& command, ModelOptions& options) {
  command.add_option("--device", options.device, "auto, cpu, cuda or cuda:N (default auto)")
      ->type_name("DEVICE")
      ->check(CLI::Validator(check_device, "", ""));
  command
      .add_option("--dtype", options.dtype,
                  "what unquantised weights are computed in: auto, f32, bf16 or f16 (default auto)")
      ->type_name("DTYPE")
      ->check(CLI::IsMember({"auto", "f32", "bf16", "f16"}));
  command
      .add_option("--quant", options.quant,
                  "how weights are held: auto (as the file stores them), none, int8 or int4 (default auto)")
      ->type_name("QUANT")
      ->check(CLI::IsMember({"auto", "none", "int8", "int4"}));
  command.add_option("--adapter", options.adapter, "a LoRA adapter for the model: a folder with adapter_config.json, as `rigpilot finetune` and peft write it")
      ->type_name("FOLDER");
  command.add_option("--draft", options.draft, "a smaller model of the same vocabulary, named as for --model: it guesses what comes, the model verifies several guesses at once, and writes the same sooner")
      ->type_name("MODEL");
  command.add_option("--threads", options.threads, "CPU threads (default: one a physical core)")
      ->type_name("N")
      ->check(CLI::Range(0, 1024));
}

void add_engine_option(CLI::App& command, ModelOptions& options) {
  const auto check = [](const std::string& value) {
    return value.starts_with(kScripted) && value.size() > kScripted.size()
               ? std::string()
               : fmt::format("'{}': expected scripted:FILE", value);
  };
  command
      .add_option("--engine", options.engine,
                  "scripted:FILE answers from a script in place of a model, for tests of editors "
                  "(docs/scripted-engine.md)")
      ->type_name("scripted:FILE")
      ->check(CLI::Validator(check, "", ""));
}

base::Result<std::unique_ptr<lsp::Model>> load_model(const ModelOptions& options) {
  ProgressBar bar("loading");
  return load(options, [&](double fraction) { bar.show(fraction); }, {});
}

base::Result<std::unique_ptr<lsp::Model>> load_copying_model(const ModelOptions& options) {
  auto vocabulary = options.model == kNone ? tokenizer::code_vocabulary() : load_tokenizer_only(options);
  if (!vocabulary) return base::forward(vocabulary);
  auto model = std::make_unique<lsp::Model>();
  model->name = options.model == kNone ? std::string(kNone) : model_name(options.model);
  model->engine = std::make_unique<engine::CopyEngine>(std::int64_t((*vocabulary)->vocab_size()));
  model->tokenizer = *std::move(vocabulary);
  model->index();
  return model;
}

base::Result<std::unique_ptr<engine::Engine>> load_engine_only(const ModelOptions& options) {
  if (!options.engine.empty()) {
    auto scripted = engine::load_scripted(options.engine.substr(kScripted.size()));
    if (!scripted) return base::forward(scripted);
    return std::move(*scripted);
  }
  auto path = find_model(options.model);
  if (!path) return base::forward(path);
  ProgressBar bar("loading");
  auto engine = load_engine_at(*path, options, [&](double fraction) { bar.show(fraction); }, {});
  if (!engine || options.draft.empty()) return engine;
  auto vocabulary = tokenizer::load_tokenizer(*path);  // there may be none
  if (auto used = use_wanted_draft(**engine, vocabulary ? vocabulary->get() : nullptr, *path, options, {}); !used) return base::forward(used);
  return engine;
}

base::Result<void> use_draft(lsp::Model& model, const std::string& draft, std::stop_token stop) {
  return use_draft_of(*model.engine, model.tokenizer.get(), model.name, draft, stop);
}

base::Result<std::unique_ptr<tokenizer::Tokenizer>> load_tokenizer_only(const ModelOptions& options) {
  // A vocabulary of its own will do: tokenizer.json, tokenizer.model, a folder with only these.
  std::error_code ignored;
  if (!options.model.empty() && fs::exists(options.model, ignored))
    return tokenizer::load_tokenizer(options.model);
  auto path = find_model(options.model);
  if (!path) return base::forward(path);
  return tokenizer::load_tokenizer(*path);
}

lsp::ModelLoader model_loader(const ModelOptions& options) {
  return [options](const Progress& progress, std::stop_token stop) { return load(options, progress, stop); };
}

}  // namespace app

// load.h: the options that choose a model and its device, the same for every command, and what they load.
// add_model_options() declares them; load_model() gives engine, tokenizer and fill-in-the-middle layout,
// load_engine_only() what needs no vocabulary. Both tell progress on stderr. Errors are one sentence naming
// the file or the option.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/result.h"
#include "engine/engine.h"
#include "lsp/completion/model.h"
#include "tokenizer/tokenizer.h"

namespace app {

struct ModelOptions {
  std::string model;  // empty: the default model
  std::string device = "auto";
  std::string dtype = "auto";
  std::string quant = "auto";
  int threads = 0;
  std::string adapter;  // a LoRA adapter's folder; empty: none
  std::string draft;    // a smaller model that drafts for it, as --model names one; empty: none
  std::string engine;  // "scripted:FILE" in place of a model; empty: the model
};

void add_model_options(CLI::App& command, ModelOptions& options);
void add_device_options(CLI::App& command, ModelOptions& options);  // all but --model
void add_model_name(CLI::App& command, ModelOptions& options);     // --model alone: for what runs no model
void add_engine_option(CLI::App& command, ModelOptions& options);  // --engine scripted:FILE

base::Result<std::unique_ptr<lsp::Model>> load_model(const ModelOptions& options);
// Copying in place of the model's weights, in the ids of its vocabulary; --model none: in those of Rigpilot's own.
base::Result<std::unique_ptr<lsp::Model>> load_copying_model(const ModelOptions& options);
std::string model_name(const std::filesystem::path& path);  // for people: of a folder or a .gguf file
base::Result<std::unique_ptr<engine::Engine>> load_engine_only(const ModelOptions& options);
base::Result<std::unique_ptr<tokenizer::Tokenizer>> load_tokenizer_only(const ModelOptions& options);

// A smaller model drafts for a loaded one from now on: where it lies is found as --model's is, and its vocabulary has to be the model's. "none": none any more.
base::Result<void> use_draft(lsp::Model& model, const std::string& draft, std::stop_token stop);

// For the language server, which loads when it is ready and tells its own progress.
lsp::ModelLoader model_loader(const ModelOptions& options);

}  // namespace app

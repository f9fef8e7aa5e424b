// fake_model.h: a Model that says what a test wants: the scripted engine with the byte tokenizer.
// fake_model({.replies = {{.text = "x"}}}) or fake_model("x"); fim by default.
#pragma once

#include <memory>
#include <string>

#include "engine/scripted/scripted_engine.h"
#include "lsp/completion/model.h"
#include "tokenizer/byte_tokenizer.h"
#include "tokenizer/fim.h"

namespace tests {

inline std::unique_ptr<lsp::Model> fake_model(engine::Script script) {
  auto model = std::make_unique<lsp::Model>();
  model->name = script.name;
  model->tokenizer = tokenizer::make_byte_tokenizer(script.fim);
  model->fim = tokenizer::probe_fim(*model->tokenizer);
  model->engine = std::make_unique<engine::ScriptedEngine>(std::move(script));
  return model;
}

inline std::unique_ptr<lsp::Model> fake_model(std::string reply, bool fim = true) {
  engine::Script script;
  script.fim = fim;
  script.otherwise.text = std::move(reply);
  return fake_model(std::move(script));
}

}  // namespace tests

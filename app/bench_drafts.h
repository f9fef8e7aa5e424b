// bench_drafts.h: `rigpilot bench MODEL --drafts FILE`: how fast a model writes on in real code whose file is open, with and without
// drafts, with and without a draft model where one is given, alone or beside llama.cpp with and without its own.
// At some places a piece of the file is taken out and the model writes there, greedily; all sides get the same prompts.
// Fails where drafts changed an id. Errors are one sentence.
#pragma once

#include <string>

#include "app/load.h"
#include "base/json.h"

namespace app {

struct DraftsOptions {
  std::string file, rival, python, script;
  int runs = 5, places = 4, tokens = 64;
  int before = 1500;  // tokens of the prompt
  int threads = 0;
};

base::Result<base::Json> bench_drafts(const ModelOptions& model, const DraftsOptions& options);
void print_drafts(const base::Json& report);

}  // namespace app

// bench_keystrokes.h: `rigpilot bench MODEL --keystrokes FILE`: what a person who types feels, alone or beside llama.cpp.
// The file's lines are typed again at a person's speed through the whole language server in this process; the rival gets the
// same keys in turns. Prints text or JSON, and a page where asked.
#pragma once

#include <string>

#include "app/load.h"
#include "base/json.h"

namespace app {

struct KeystrokeOptions {
  std::string file, rival, python, script;
  bool busy = false;
  int runs = 5, places = 4, keys = 30, words = 60, tokens = 32, cancels = 20, starts = 3;
  int before = 1500, after = 300;  // tokens around the cursor
  bool exact = false;              // every suggestion has `tokens` tokens
  bool patient = false;            // the next key waits for the answer
  int threads = 0;
};

base::Result<base::Json> bench_keystrokes(const ModelOptions& model, const KeystrokeOptions& options);
void print_keystrokes(const base::Json& report);

}  // namespace app

// scripted_engine.h: an Engine that replays a script instead of running a model: exact text, exact timing, no weights.
// load_scripted(FILE) for `--engine scripted:FILE`; it speaks the ids of tokenizer/byte_tokenizer.h. docs/scripted-engine.md
// describes the file. Keeps Engine's promises (stop token, bans, steering, prefix reuse), so the pipeline runs unchanged.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace engine {

// The first reply whose conditions hold is given; an absent condition always holds.
struct ScriptedReply {
  std::optional<std::string> before;    // the document text before the cursor ends with this
  std::optional<std::string> contains;  // the prompt holds this anywhere
  std::string text;                     // what the model writes
  bool once = false;                    // used up after one generation
  std::optional<std::string> error;     // the generation fails with this sentence instead
};

struct Script {
  bool fim = true;                  // whether the vocabulary has fill-in-the-middle tokens
  double load_ms = 0;               // loading takes this long
  std::optional<std::string> load_error;  // loading fails with this sentence
  double prefill_ms_per_token = 0;  // for each prompt token not shared with the prompt before
  double token_ms = 0;              // for each generated token (a byte)
  double logprob = -0.1;            // of every token
  std::int64_t context_length = 65536;
  std::vector<ScriptedReply> replies;
};

base::Result<Script> read_script(const std::filesystem::path& file);
base::Result<Script> parse_script(std::string_view text, std::string_view name);

// Sleeps load_ms, telling progress; fails with load_error, or when stopped.
base::Result<std::unique_ptr<Engine>> make_scripted(Script script, const std::function<void(double)>& progress = {}, std::stop_token stop = {});
base::Result<std::unique_ptr<Engine>> load_scripted(const std::filesystem::path& file);

// Whether the script asked for fill-in-the-middle tokens: what to give tokenizer::make_byte_tokenizer().
bool scripted_has_fim(const Engine& engine);

}  // namespace engine

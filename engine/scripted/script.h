// script.h: what a scripted engine says and how long it takes: a model written down in a JSON file.
// read_script() checks every field; pick_reply() finds the reply to a prompt. docs/scripted-engine.md has the format.
// Errors name the file, the field and what was expected. Plain data; a Script may be shared by any number of readers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace engine {

struct ScriptReply {
  // Conditions; a reply whose every condition holds is taken. Without any it fits every prompt.
  std::optional<std::string> prefix_ends;      // the text before the cursor ends so
  std::optional<std::string> suffix_starts;    // the text after the cursor starts so (a fill-in-the-middle prompt has one)
  std::optional<std::string> prompt_contains;  // anywhere in the prompt, special tokens spelled out
  std::optional<std::string> prefix_matches;   // a regular expression (PCRE2) found in the text before the cursor
  bool once = false;                           // used up by its first use

  std::string text;
  std::vector<std::string> alternatives;  // what is written where `text`, then each earlier one, is banned at the place they part
  bool special = false;              // "<|endoftext|>" and the like in `text` are the control tokens
  std::optional<std::string> error;  // generate() fails with this sentence
  std::optional<double> logprob;     // of each token; the script's where absent
  std::optional<double> ms_per_token;
};

struct Script {
  std::string name = "scripted";
  bool fim = true;  // whether the vocabulary has fill-in-the-middle tokens
  std::int64_t context_length = 1 << 20;
  double load_ms = 0;
  std::optional<std::string> load_error;
  double prefill_ms_per_token = 0;
  std::int64_t prefill_chunk = 32;  // tokens
  double ms_per_token = 0;
  double logprob = -0.1;
  bool in_order = false;  // each reply once, one after another: only the next one is looked at
  std::vector<ScriptReply> replies;
  ScriptReply otherwise;  // when no reply fits: ends at once unless the script says more
};

base::Result<Script> read_script(const std::filesystem::path& path);
// `what` names the text in errors.
base::Result<Script> parse_script(std::string_view text, std::string_view what);

// A prompt as a script sees it.
struct ScriptPrompt {
  std::string before, after;  // the cursor
  std::string whole;          // with special tokens spelled out
};

// Which replies are used up.
struct ScriptProgress {
  std::vector<bool> used;
  std::size_t next = 0;  // in_order
};

// The reply to a prompt, noted in `progress`.
const ScriptReply& pick_reply(const Script& script, const ScriptPrompt& prompt, ScriptProgress& progress);

}  // namespace engine

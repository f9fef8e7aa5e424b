// pipeline.h: one suggestion, from a document and a cursor to text ready to insert: the product in one function.
//   classify trigger -> gather context -> build prompt -> generate (steered, stopped on text) -> postprocess
// The language server, `rigpilot complete` and `rigpilot evaluate` all call complete(); none has a way of its own.
// Runs on the engine thread; every stage but generate is pure in its inputs. Cancelled by the stop token: within a token.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "lsp/completion/model.h"
#include "lsp/completion/settings.h"
#include "lsp/context/similar_code.h"
#include "lsp/documents/snapshot.h"

namespace lsp {

class Anchors;  // lsp/context/anchors.h

enum class Invocation {
  Automatic,  // the user typed: one item, single line unless a block starts
  Explicit,   // the user asked: always tried
};

// The item chosen in the editor's popup: suggestions must replace the same bytes and start with its text.
struct SelectedItem {
  std::size_t begin = 0, end = 0;  // bytes
  std::string text;
};

// Replaces document[begin, end) by `text`; begin <= cursor <= end, all on the cursor's line.
struct Suggestion {
  std::size_t begin = 0, end = 0;  // bytes
  std::string text;
  std::string ghost;         // what is new at the cursor: what an editor shows in grey
  float mean_logprob = 0;    // the model's confidence in a token
  float confidence = 0;      // that the whole of it is right, as the model sees it: 0 to 1
};

struct Query {
  Snapshot document;
  std::size_t cursor = 0;  // byte offset into the document, at a character's start
  Invocation invocation = Invocation::Automatic;
  std::optional<SelectedItem> selected;
  int items = 1;  // at most so many, each beginning otherwise; those after the first only while they come soon
  std::optional<Suggestion> shown{};  // what typing got here: it stays the first, whatever the model would write when asked
};

class NearbyText;

struct Deps {
  const Model& model;  // its engine is used
  const CompletionSettings& settings;
  Anchors* anchors = nullptr;  // of the documents asked about before; none: every prompt is cut anew
  // What may be copied from or mixed in: the workspace in the model's ids, and who adds the open document to it. Null: nothing.
  const engine::NgramIndex* workspace = nullptr;
  NearbyText* nearby = nullptr;
  const DocumentPaths* paths = nullptr;  // of the workspace's files, so that the model can be shown some; null: it is shown none
  // Hears of an automatic query's text behind the cursor each time it has grown; on the engine thread, must not wait.
  std::function<void(std::string_view so_far)> on_text{};
};

// Why there is a suggestion, or why there is none; explain() prints it.
enum class Reason {
  Suggested,
  NoTrigger,      // the cursor is not at a place where a suggestion helps
  NothingToSay,   // the model ended at once or repeated what is there
  Rejected,       // postprocessing refused the text (repetition, noise)
  Cancelled,
};
const char* reason_name(Reason reason);

struct PromptInfo {
  std::string layout;       // "prefix", or the FIM family
  std::string text;         // with special tokens spelled out; for --explain and --json only
  std::size_t tokens = 0;
};

struct CompletionTimings {
  double total_ms = 0, prompt_ms = 0, postprocess_ms = 0;
  engine::Timings engine;
};

struct Completion {
  std::vector<Suggestion> items;  // what showed already, then the likeliest; no two that look the same
  Reason reason = Reason::NothingToSay;
  std::string detail;  // one line for people: which rule, which stop
  PromptInfo prompt;
  std::string raw_text;  // what the model wrote at first, before postprocessing
  CompletionTimings timings;
  std::vector<std::string> steps;  // of postprocessing, those that changed the text
  engine::StopReason stop = engine::StopReason::EndToken;  // of the engine, where it was asked
};

base::Result<Completion> complete(const Query& query, const Deps& deps, std::stop_token stop);

}  // namespace lsp

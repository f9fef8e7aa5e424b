// types.h: the structures of LSP that Rigpilot reads, as plain structs; json.h reads and writes them.
// Only the fields that something uses. Positions are as on the wire: what a column counts was agreed in initialize.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "lsp/documents/document.h"
#include "lsp/documents/positions.h"

namespace lsp {

// What the client says of itself, as far as the server acts on it.
struct ClientFeatures {
  std::string name, version;
  PositionEncoding encoding = PositionEncoding::Utf16;  // the best of those it offers
  bool registers_inline_completion = false;             // dynamically
  bool registers_configuration = false;
  bool answers_configuration = false;  // workspace/configuration
  bool shows_progress = false;         // window/workDoneProgress/create
  bool knows_inline_completion = false;
  bool registers_popup = false;  // textDocument/completion, dynamically
  bool shows_notebooks = false;  // notebookDocument/didOpen and so on
  bool takes_snippets = false;   // in textDocument/completion
  bool wants_status = false;     // rigpilot/status: capabilities.experimental.rigpilotStatus
  bool registers_watched_files = false;  // workspace/didChangeWatchedFiles
  bool speaks_copilot = false;   // initializationOptions.editorPluginInfo: a client made for Copilot's server
};

struct InitializeParams {
  ClientFeatures client;
  std::optional<std::int64_t> process_id;
  std::string trace = "off";
  std::vector<std::string> roots;  // the workspace's folders, by URI
  base::Json initialization_options;
};

struct OpenParams {
  std::string uri, language_id, text;
  std::int64_t version = 0;
};

struct ChangeParams {
  std::string uri;
  std::int64_t version = 0;
  std::vector<Edit> edits;
};

struct InlineCompletionParams {
  std::string uri;
  LineColumn position;
  bool invoked = false;  // by a gesture of the user, not by typing
  struct Selected {
    Span span;
    std::string text;
  };
  std::optional<Selected> selected;
};

struct InlineItem {
  Span span;
  std::string text;
  std::string id;  // comes back when the user accepts it
};

}  // namespace lsp

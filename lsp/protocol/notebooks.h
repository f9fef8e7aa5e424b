// notebooks.h: the messages of notebookDocument/*, read into plain structs.
// A reader gives one sentence naming the field that is wrong; outputs, metadata and execution counts are left alone.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "lsp/documents/notebooks.h"
#include "lsp/protocol/types.h"

namespace lsp {

struct NotebookOpenParams {
  std::string uri;
  std::vector<Cell> cells;
  std::vector<OpenParams> documents;
};

// In the order in which they are to be done.
struct NotebookChangeParams {
  std::string uri;
  std::vector<OpenParams> opened;
  std::optional<CellSplice> splice;
  std::vector<std::string> closed;
  std::vector<Cell> described;
  std::vector<ChangeParams> texts;
};

struct NotebookCloseParams {
  std::string uri;
  std::vector<std::string> documents;
};

base::Result<NotebookOpenParams> read_notebook_open(const base::Json& params);
base::Result<NotebookChangeParams> read_notebook_change(const base::Json& params);
base::Result<NotebookCloseParams> read_notebook_close(const base::Json& params);

}  // namespace lsp

// notebooks.h: which documents are the cells of one notebook, and in which order.
// open(), splice() and close() follow the editor; find() says where a document stands. The texts are in the DocumentStore.
// Owned by the main loop.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace lsp {

struct Cell {
  std::string document;  // as the editor names it
  bool code = true;      // else text for people
};

// cells[start, start + removed) become `cells`; what lies past the end is the end.
struct CellSplice {
  std::size_t start = 0, removed = 0;
  std::vector<Cell> cells;
};

class NotebookStore {
 public:
  void open(std::string uri, std::vector<Cell> cells) { notebooks_.insert_or_assign(std::move(uri), std::move(cells)); }
  // Errors: the notebook is not open.
  base::Result<void> splice(const std::string& uri, CellSplice change);
  base::Result<void> describe(const std::string& uri, std::span<const Cell> cells);  // what is known of these cells anew
  base::Result<void> close(const std::string& uri);

  struct Place {
    std::span<const Cell> cells;  // of the whole notebook
    std::size_t index = 0;
  };
  std::optional<Place> find(const std::string& document) const;
  std::size_t size() const { return notebooks_.size(); }

 private:
  std::unordered_map<std::string, std::vector<Cell>> notebooks_;
};

}  // namespace lsp

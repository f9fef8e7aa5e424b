#include "lsp/documents/notebooks.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lsp {
namespace {

std::unexpected<base::Error> not_open(const std::string& uri) {
  return base::fail(base::ErrorCode::InvalidInput, "the notebook '{}' is not open", uri);
}

}  // namespace

base::Result<void> NotebookStore::splice(const std::string& uri, CellSplice change) {
  const auto found = notebooks_.find(uri);
  if (found == notebooks_.end()) return not_open(uri);
  std::vector<Cell>& cells = found->second;
  const std::size_t start = std::min(change.start, cells.size());
  const auto begin = cells.begin() + std::ptrdiff_t(start);
  const auto gap = cells.erase(begin, begin + std::ptrdiff_t(std::min(change.removed, cells.size() - start)));
  cells.insert(gap, std::make_move_iterator(change.cells.begin()), std::make_move_iterator(change.cells.end()));
  return {};
}

base::Result<void> NotebookStore::describe(const std::string& uri, std::span<const Cell> cells) {
  const auto found = notebooks_.find(uri);
  if (found == notebooks_.end()) return not_open(uri);
  for (const Cell& told : cells)
    for (Cell& cell : found->second)
      if (cell.document == told.document) cell.code = told.code;
  return {};
}

base::Result<void> NotebookStore::close(const std::string& uri) {
  if (notebooks_.erase(uri) == 0) return not_open(uri);
  return {};
}

std::optional<NotebookStore::Place> NotebookStore::find(const std::string& document) const {
  for (const auto& [uri, cells] : notebooks_) {
    const auto at = std::ranges::find(cells, document, &Cell::document);
    if (at != cells.end()) return Place{cells, std::size_t(at - cells.begin())};
  }
  return std::nullopt;
}

}  // namespace lsp

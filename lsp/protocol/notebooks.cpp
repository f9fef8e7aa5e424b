#include "lsp/protocol/notebooks.h"

#include <utility>

#include "lsp/protocol/json.h"

namespace lsp {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;
using base::Result;

constexpr int kMarkupCell = 1;

// The elements of an array that may be absent, each read by `read`.
template <class T, class Read>
Result<std::vector<T>> read_list(const Json& holder, std::string_view field, Read&& read) {
  std::vector<T> out;
  const Json* list = base::find_field(holder, field);
  if (!list || list->is_null()) return out;
  if (!list->is_array()) return fail(ErrorCode::InvalidInput, "field '{}' is {}: expected an array", field, base::json_type_name(*list));
  for (const Json& one : *list) {
    auto value = read(one);
    if (!value) return base::forward(value, fmt::format("element {} of field '{}'", out.size() + 1, field));
    out.push_back(std::move(*value));
  }
  return out;
}

Result<Cell> read_cell(const Json& cell) {
  auto document = base::get<std::string>(cell, "document");
  if (!document) return base::forward(document);
  return Cell{std::move(*document), base::try_get<int>(cell, "kind") != kMarkupCell};
}

Result<OpenParams> read_item(const Json& item) { return read_open({{"textDocument", item}}); }
Result<std::string> read_uri(const Json& item) { return base::get<std::string>(item, "uri"); }

// {document: {uri, version}, changes: [...]}
Result<ChangeParams> read_text(const Json& text) {
  const Json* document = base::find_field(text, "document");
  auto changes = base::get<Json::array_t>(text, "changes");
  if (!changes) return base::forward(changes);
  return read_change({{"textDocument", document ? *document : Json()}, {"contentChanges", std::move(*changes)}});
}

Result<std::size_t> read_count(const Json& holder, std::string_view field) {
  const auto value = base::get<std::int64_t>(holder, field);
  if (!value) return base::forward(value);
  if (*value < 0) return fail(ErrorCode::InvalidInput, "field '{}' is {}: expected 0 or more", field, *value);
  return std::size_t(*value);
}

Result<CellSplice> read_splice(const Json& array) {
  const auto start = read_count(array, "start"), removed = read_count(array, "deleteCount");
  if (!start) return base::forward(start, "field 'array'");
  if (!removed) return base::forward(removed, "field 'array'");
  auto cells = read_list<Cell>(array, "cells", read_cell);
  if (!cells) return base::forward(cells, "field 'array'");
  return CellSplice{*start, *removed, std::move(*cells)};
}

Result<void> read_structure(const Json& structure, NotebookChangeParams& out) {
  const Json* array = base::find_field(structure, "array");
  if (!array) return fail(ErrorCode::InvalidInput, "field 'array' is missing: expected an object");
  auto splice = read_splice(*array);
  if (!splice) return base::forward(splice, "field 'structure'");
  out.splice = std::move(*splice);
  auto opened = read_list<OpenParams>(structure, "didOpen", read_item);
  if (!opened) return base::forward(opened, "field 'structure'");
  out.opened = std::move(*opened);
  auto closed = read_list<std::string>(structure, "didClose", read_uri);
  if (!closed) return base::forward(closed, "field 'structure'");
  out.closed = std::move(*closed);
  return {};
}

Result<const Json*> notebook_of(const Json& params) {
  const Json* notebook = base::find_field(params, "notebookDocument");
  if (!notebook || !notebook->is_object()) return fail(ErrorCode::InvalidInput, "field 'notebookDocument': expected an object");
  return notebook;
}

Result<std::string> notebook_uri(const Json& params) {
  const auto notebook = notebook_of(params);
  if (!notebook) return base::forward(notebook);
  return base::get<std::string>(**notebook, "uri");
}

}  // namespace

Result<NotebookOpenParams> read_notebook_open(const Json& params) {
  auto uri = notebook_uri(params);
  if (!uri) return base::forward(uri);
  auto cells = read_list<Cell>(params.at("notebookDocument"), "cells", read_cell);
  if (!cells) return base::forward(cells);
  auto documents = read_list<OpenParams>(params, "cellTextDocuments", read_item);
  if (!documents) return base::forward(documents);
  return NotebookOpenParams{std::move(*uri), std::move(*cells), std::move(*documents)};
}

Result<NotebookChangeParams> read_notebook_change(const Json& params) {
  auto uri = notebook_uri(params);
  if (!uri) return base::forward(uri);
  NotebookChangeParams out{.uri = std::move(*uri)};
  const Json* change = base::find_field(params, "change");
  const Json* cells = change ? base::find_field(*change, "cells") : nullptr;
  if (!cells) return out;  // of metadata only
  if (const Json* structure = base::find_field(*cells, "structure"))
    if (auto done = read_structure(*structure, out); !done) return base::forward(done);
  auto described = read_list<Cell>(*cells, "data", read_cell);
  if (!described) return base::forward(described);
  out.described = std::move(*described);
  auto texts = read_list<ChangeParams>(*cells, "textContent", read_text);
  if (!texts) return base::forward(texts);
  out.texts = std::move(*texts);
  return out;
}

Result<NotebookCloseParams> read_notebook_close(const Json& params) {
  auto uri = notebook_uri(params);
  if (!uri) return base::forward(uri);
  auto documents = read_list<std::string>(params, "cellTextDocuments", read_uri);
  if (!documents) return base::forward(documents);
  return NotebookCloseParams{std::move(*uri), std::move(*documents)};
}

}  // namespace lsp

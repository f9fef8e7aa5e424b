#include "lsp/protocol/json.h"

#include <algorithm>
#include <utility>

#include "lsp/protocol/capabilities.h"

namespace lsp {
namespace {

using base::ErrorCode;
using base::fail;
using base::get;
using base::get_or;
using base::Json;
using base::Result;

// A field that must be an object.
Result<const Json*> object_field(const Json& holder, std::string_view field) {
  const Json* value = base::find_field(holder, field);
  if (!value) return fail(ErrorCode::InvalidInput, "field '{}' is missing: expected an object", field);
  if (!value->is_object())
    return fail(ErrorCode::InvalidInput, "field '{}' is {}: expected an object", field, base::json_type_name(*value));
  return value;
}

Result<std::size_t> read_coordinate(const Json& position, std::string_view field) {
  auto value = get<std::int64_t>(position, field);
  if (!value) return base::forward(value);
  if (*value < 0) return fail(ErrorCode::InvalidInput, "field '{}' is {}: expected 0 or more", field, *value);
  return static_cast<std::size_t>(*value);
}

Result<LineColumn> read_position(const Json& holder, std::string_view field) {
  auto position = object_field(holder, field);
  if (!position) return base::forward(position);
  auto line = read_coordinate(**position, "line");
  if (!line) return base::forward(line, field);
  auto column = read_coordinate(**position, "character");
  if (!column) return base::forward(column, field);
  return LineColumn{*line, *column};
}

Result<Span> read_span(const Json& holder, std::string_view field) {
  auto range = object_field(holder, field);
  if (!range) return base::forward(range);
  auto begin = read_position(**range, "start");
  if (!begin) return base::forward(begin, field);
  auto end = read_position(**range, "end");
  if (!end) return base::forward(end, field);
  return Span{*begin, *end};
}

Json write_position(const LineColumn& place) { return {{"line", place.line}, {"character", place.column}}; }

Result<Edit> read_edit(const Json& change) {
  if (!change.is_object())
    return fail(ErrorCode::InvalidInput, "it is {}: expected an object", base::json_type_name(change));
  auto text = get<std::string>(change, "text");
  if (!text) return base::forward(text);
  if (!base::find_field(change, "range")) return Edit{std::nullopt, std::move(*text)};
  auto span = read_span(change, "range");
  if (!span) return base::forward(span);
  return Edit{*span, std::move(*text)};
}

Result<InlineCompletionParams::Selected> read_selected(const Json& info) {
  auto span = read_span(info, "range");
  if (!span) return base::forward(span, "field 'selectedCompletionInfo'");
  auto text = get<std::string>(info, "text");
  if (!text) return base::forward(text, "field 'selectedCompletionInfo'");
  return InlineCompletionParams::Selected{*span, std::move(*text)};
}

// The context is only a hint: without it, or with another client's spelling of it, the request still can be answered.
Result<void> read_context(const Json& params, InlineCompletionParams& out) {
  const Json* context = base::find_field(params, "context");
  if (!context) return {};
  out.invoked = base::try_get<int>(*context, "triggerKind") == 1;
  const Json* info = base::find_field(*context, "selectedCompletionInfo");
  if (!info) return {};
  auto selected = read_selected(*info);
  if (!selected) return base::forward(selected);
  out.selected = std::move(*selected);
  return {};
}

}  // namespace

// What clients of any age say: workspaceFolders, else rootUri, else rootPath.
std::vector<std::string> read_roots(const Json& params) {
  std::vector<std::string> out;
  const Json* folders = base::find_field(params, "workspaceFolders");
  if (folders && folders->is_array())
    for (const Json& folder : *folders)
      if (auto uri = base::try_get<std::string>(folder, "uri")) out.push_back(*std::move(uri));
  if (!out.empty()) return out;
  if (auto uri = base::try_get<std::string>(params, "rootUri")) out.push_back(*std::move(uri));
  else if (auto path = base::try_get<std::string>(params, "rootPath"); path && path->starts_with('/')) out.push_back("file://" + *path);
  return out;
}

std::vector<std::string> read_watched_files(const Json& params) {
  std::vector<std::string> out;
  const Json* changes = base::find_field(params, "changes");
  if (changes && changes->is_array())
    for (const Json& change : *changes)
      if (auto uri = base::try_get<std::string>(change, "uri")) out.push_back(*std::move(uri));
  return out;
}

Result<InitializeParams> read_initialize(const Json& params) {
  if (!params.is_object())
    return fail(ErrorCode::InvalidInput, "params are {}: expected an object", base::json_type_name(params));
  InitializeParams out;
  out.client = read_features(params);
  out.process_id = base::try_get<std::int64_t>(params, "processId");
  out.trace = base::try_get<std::string>(params, "trace").value_or("off");
  if (const Json* options = base::find_field(params, "initializationOptions")) out.initialization_options = *options;
  out.roots = read_roots(params);
  return out;
}

Result<std::string> read_document_uri(const Json& params) {
  auto document = object_field(params, "textDocument");
  if (!document) return base::forward(document);
  return get<std::string>(**document, "uri");
}

Result<OpenParams> read_open(const Json& params) {
  auto document = object_field(params, "textDocument");
  if (!document) return base::forward(document);
  auto uri = get<std::string>(**document, "uri");
  if (!uri) return base::forward(uri);
  auto text = get<std::string>(**document, "text");
  if (!text) return base::forward(text);
  return OpenParams{.uri = std::move(*uri),
                    .language_id = base::try_get<std::string>(**document, "languageId").value_or(""),
                    .text = std::move(*text),
                    .version = base::try_get<std::int64_t>(**document, "version").value_or(0)};
}

Result<ChangeParams> read_change(const Json& params) {
  auto document = object_field(params, "textDocument");
  if (!document) return base::forward(document);
  auto uri = get<std::string>(**document, "uri");
  if (!uri) return base::forward(uri);
  ChangeParams out{.uri = std::move(*uri),
                   .version = base::try_get<std::int64_t>(**document, "version").value_or(0)};
  auto changes = get<Json::array_t>(params, "contentChanges");
  if (!changes) return base::forward(changes);
  for (const Json& change : *changes) {
    auto edit = read_edit(change);
    if (!edit) return base::forward(edit, fmt::format("change {} of field 'contentChanges'", out.edits.size() + 1));
    out.edits.push_back(std::move(*edit));
  }
  return out;
}

Result<InlineCompletionParams> read_inline_completion(const Json& params) {
  auto uri = read_document_uri(params);
  if (!uri) return base::forward(uri);
  auto position = read_position(params, "position");
  if (!position) return base::forward(position);
  InlineCompletionParams out{.uri = std::move(*uri), .position = *position};
  auto context = read_context(params, out);
  if (!context) return base::forward(context);
  return out;
}

Json write_span(const Span& span) { return {{"start", write_position(span.begin)}, {"end", write_position(span.end)}}; }

Json write_items(const std::vector<InlineItem>& items, std::string_view accept_command) {
  Json list = Json::array();
  for (const InlineItem& item : items) {
    Json command = {{"title", "Suggestion accepted"}, {"command", accept_command}, {"arguments", {item.id}}};
    list.push_back({{"insertText", item.text}, {"range", write_span(item.span)}, {"command", std::move(command)}});
  }
  return {{"items", std::move(list)}};
}

}  // namespace lsp

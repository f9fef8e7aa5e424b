// json.h: the structures of types.h from JSON and back.
// A reader gives one sentence naming the field that is wrong; fields it does not know are left alone, as LSP asks.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "lsp/protocol/types.h"

namespace lsp {

base::Result<InitializeParams> read_initialize(const base::Json& params);
base::Result<OpenParams> read_open(const base::Json& params);
base::Result<ChangeParams> read_change(const base::Json& params);
std::vector<std::string> read_watched_files(const base::Json& params);  // their URIs
base::Result<std::string> read_document_uri(const base::Json& params);  // of params.textDocument
base::Result<InlineCompletionParams> read_inline_completion(const base::Json& params);

base::Json write_span(const Span& span);
base::Json write_items(const std::vector<InlineItem>& items, std::string_view accept_command);

}  // namespace lsp

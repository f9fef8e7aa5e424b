// capabilities.h: what two servers can do, told to the editor as what one can.
// merged_capabilities() takes the language server's answer to initialize and ours; sync_wishes() is what the language server
// wants to be told of documents, where the editor now tells more because we want it.
// Pure; a field that is not what LSP says is left as it came.
#pragma once

#include <set>
#include <string>

#include "base/json.h"

namespace lsp {

struct SyncWishes {
  bool open_close = false;
  int change = 0;  // TextDocumentSyncKind: 0 none, 1 the whole text, 2 edits
  bool save = false;
};

SyncWishes sync_wishes(const base::Json& capabilities);
base::Json merged_capabilities(const base::Json& child, const base::Json& own);

std::set<std::string> commands_of(const base::Json& capabilities);
bool triggers_completion(const base::Json& capabilities, const std::string& character);
std::string encoding_of(const base::Json& capabilities);  // utf-16 where it says nothing

}  // namespace lsp

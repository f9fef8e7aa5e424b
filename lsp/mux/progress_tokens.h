// progress_tokens.h: whose progress a token is, where two servers make tokens without knowing of each other.
// created() when a server asks for a token: the name under which the editor knows it, another one where it is taken.
// seen() with each $/progress; unfinished() is what a server that ended has left running.
// Tokens that the editor made itself are not here and stay as they are. Main loop only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace lsp {

enum class Peer { Editor, Child, Own };

class ProgressTokens {
 public:
  base::Json created(Peer server, const base::Json& token);
  base::Json editors_name(Peer server, const base::Json& token) const;

  struct Owner {
    Peer server = Peer::Child;
    base::Json token;  // as that server knows it
  };
  std::optional<Owner> owner(const base::Json& editors_name) const;

  void seen(const base::Json& editors_name, const base::Json& value);
  std::vector<base::Json> unfinished(Peer server) const;

 private:
  struct Entry {
    Owner owner;
    bool running = false;
  };
  std::map<std::string, Entry> entries_;  // by the editor's name, as JSON text: 1 and "1" are two tokens
  int renamed_ = 0;
};

}  // namespace lsp

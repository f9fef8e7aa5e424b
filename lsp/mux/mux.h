// mux.h: one server for the editor, two behind it: the language server it would have started, and ours.
// run_mux() talks to the editor on `editor` and to the language server on `child`, runs our own server in this process on a
// transport in memory, and returns when our server does: with its exit code. router.h says who gets what.
// No side can hold up another: each has its own writer, and what is not taken waits in memory.
#pragma once

#include <functional>
#include <string>

#include "base/log.h"
#include "lsp/transport/transport.h"

namespace lsp {

struct MuxChild {
  Transport& transport;
  std::string name;                    // for people
  std::function<std::string()> ended;  // asked once its output has ended: "has ended with exit code 3"
};

using OwnServer = std::function<int(Transport&)>;  // run_server() with all but the transport bound

int run_mux(Transport& editor, MuxChild child, OwnServer own, const base::Logger& log);

}  // namespace lsp

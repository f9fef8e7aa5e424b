#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/protocol/capabilities.h"

namespace lsp {
namespace {

void execute_command(Session& session, const Json& params, Responder respond) {
  auto command = base::get<std::string>(params, "command");
  if (!command) return respond.refuse(response_error(command.error()));
  if (*command != kAcceptCommand)
    return respond.refuse({RpcError::InvalidParams,
                           fmt::format("command '{}' is not known: expected '{}'", *command, kAcceptCommand)});
  session.services.log.debug("a suggestion was accepted");
  respond.succeed(nullptr);
}

}  // namespace

void add_commands(Dispatcher& methods, Session& session) {
  methods.on_request("workspace/executeCommand",
                     [&](const Json& params, Responder respond) { execute_command(session, params, std::move(respond)); });
}

}  // namespace lsp

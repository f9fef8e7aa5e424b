#include "lsp/rpc/dispatcher.h"

#include <exception>
#include <utility>

namespace lsp {

base::Result<void> guarded(std::string_view doing, const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const std::bad_alloc&) {
    return base::fail(base::ErrorCode::OutOfMemory, "{}: out of memory", doing);
  } catch (const std::exception& error) {
    return base::fail(base::ErrorCode::Failed, "{}: {}", doing, error.what());
  }
}

void Dispatcher::call(const Request& request, Responder respond) const {
  const auto handler = requests_.find(request.method);
  if (handler == requests_.end())
    return respond.refuse({RpcError::MethodNotFound, fmt::format("method '{}' is not known", request.method)});
  // A handler that throws after it took the responder drops it, which answers; one that throws before is answered here.
  std::optional<Responder> owed(std::move(respond));
  const auto done = guarded(request.method, [&] { handler->second(request.params, std::move(*owed)); });
  if (!done) owed->refuse({RpcError::InternalError, done.error().message});
}

base::Result<void> Dispatcher::call(const Notification& notification) const {
  const auto handler = notifications_.find(notification.method);
  if (handler == notifications_.end()) return {};
  base::Result<void> result;
  const auto done = guarded(notification.method, [&] { result = handler->second(notification.params); });
  if (!done) return done;
  if (!result) return base::forward(result, notification.method);
  return {};
}

}  // namespace lsp

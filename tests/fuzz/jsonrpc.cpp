// Any bytes as a message body: parse_message() and the readers of parameters give a value or a sentence, never more.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "lsp/protocol/json.h"
#include "lsp/protocol/message.h"
#include "lsp/protocol/notebooks.h"
#include "lsp/settings.h"

namespace {

void read_every_way(const lsp::Json& params) {
  (void)lsp::read_initialize(params);
  (void)lsp::read_open(params);
  (void)lsp::read_change(params);
  (void)lsp::read_notebook_open(params);
  (void)lsp::read_notebook_change(params);
  (void)lsp::read_notebook_close(params);
  (void)lsp::read_inline_completion(params);
  (void)lsp::read_settings({}, params);
}

// What was read is written to something that reads as the same.
void write_and_read_again(const lsp::Request& request) {
  const auto again = lsp::parse_message(lsp::request_text(request.id, request.method, request.params));
  const auto* same = again ? std::get_if<lsp::Request>(&*again) : nullptr;
  if (!same || same->id != request.id || same->method != request.method) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = lsp::parse_message({reinterpret_cast<const char*>(data), size});
  if (!message) {
    if (message.error().error.message.empty()) std::abort();
    return 0;
  }
  if (const auto* request = std::get_if<lsp::Request>(&*message)) {
    read_every_way(request->params);
    write_and_read_again(*request);
  }
  if (const auto* notification = std::get_if<lsp::Notification>(&*message)) read_every_way(notification->params);
  return 0;
}

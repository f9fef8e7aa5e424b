// fetch.h: small answers of the hub: redirects followed, failures tried again, refusals turned into sentences.
// fetch() gives the whole body (at most 64 MB); status_error() says what 401, 403, 404, 429 and the rest mean to a user.
// Blocks; ends early with Cancelled when the Interrupt was asked for. The token stays with the hub's own origin.
#pragma once

#include <functional>
#include <string>

#include "app/process/interrupt.h"
#include "app/hub/transfer.h"

namespace app {

// What every step of a pull works with; lives as long as the command.
struct Session {
  const Hub& hub;
  const Address& asked;
  Interrupt& interrupt;
  std::function<void(std::string_view sentence)> say;
  Connections connections{};
};

struct Reply {
  Head head;
  std::string body, url;
  bool unreachable = false;  // nothing answered: `problem` says why
  std::string problem;
};

// Any status but those that are tried again; Cancelled, or a failure of the network that is more than being offline.
base::Result<Reply> fetch(Session& session, const std::string& url);

base::Error status_error(const Session& session, const Head& head, std::string_view what);
base::Error unreachable_error(const Session& session, std::string_view problem);
bool worth_trying_again(long status);  // 408, 429, 5xx

std::string token_for(const Hub& hub, std::string_view url);
// Where a redirect leads, or why it is not followed.
base::Result<std::string> next_hop(std::string_view from, const std::string& to, int hops);

// How long until the next try: Retry-After, else doubling; an error where the hub wants minutes.
base::Result<std::chrono::milliseconds> time_to_wait(const Session& session, const Transfer& transfer, int failures);
bool pause(Session& session, std::chrono::milliseconds time);  // false: interrupted

}  // namespace app

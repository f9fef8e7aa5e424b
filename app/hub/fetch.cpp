#include "app/hub/fetch.h"

#include <algorithm>

#include "base/utf8.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using std::chrono::milliseconds;

constexpr std::size_t kMostBody = std::size_t(64) << 20;
constexpr int kMostHops = 10;
constexpr long kMostWait = 300;  // seconds that are waited without asking

std::string without_query(std::string_view url) { return std::string(url.substr(0, url.find_first_of("?#"))); }

bool run(Session& session, Transfer& transfer) {
  session.connections.add(transfer);
  while (!session.interrupt.asked())
    if (session.connections.wait(1000, session.interrupt.fd())) return true;
  session.connections.remove(transfer);
  return false;
}

std::string token_advice(const Session& session) {
  if (session.hub.token.empty()) return "set HF_TOKEN to a token of an account that may read it";
  return "HF_TOKEN is set, but its account may not read it";
}

}  // namespace

bool worth_trying_again(long status) { return status == 408 || status == 429 || (status >= 500 && status != 501); }

std::string token_for(const Hub& hub, std::string_view url) { return same_origin(hub.endpoint, url) ? hub.token : ""; }

base::Result<std::string> next_hop(std::string_view from, const std::string& to, int hops) {
  if (to.empty()) return fail(ErrorCode::Failed, "{}: redirects to nowhere", without_query(from));
  if (hops >= kMostHops) return fail(ErrorCode::Failed, "{}: redirects in a circle ({} times)", without_query(from), hops);
  if (!to.starts_with("http://") && !to.starts_with("https://"))
    return fail(ErrorCode::Failed, "{}: redirects to something that is not HTTP", without_query(from));
  if (from.starts_with("https:") && to.starts_with("http:"))
    return fail(ErrorCode::Failed, "{}: redirects from https to plain http, which is not followed", without_query(from));
  return to;
}

base::Error status_error(const Session& session, const Head& head, std::string_view what) {
  const std::string code = head.field("x-error-code"), repository = session.asked.repository();
  const std::string& host = session.hub.endpoint;
  if (code == "GatedRepo" || head.status == 403)
    return {ErrorCode::Failed, fmt::format("{}: {} does not let you read it: it is gated or private: accept its terms on its page, then {}",
                                           repository, host, token_advice(session))};
  if (head.status == 401)  // this hub also answers so for what does not exist
    return {ErrorCode::NotFound, fmt::format("{}: {} knows no such repository, or it is private or gated: {}", repository, host,
                                             token_advice(session))};
  if (head.status == 404 || head.status == 410) {
    if (code == "RevisionNotFound")
      return {ErrorCode::NotFound, fmt::format("{}: there is no revision '{}' on {}", repository, session.asked.revision, host)};
    if (code == "EntryNotFound")
      return {ErrorCode::NotFound, fmt::format("{}: there is no file '{}' at revision '{}' on {}", repository, what, session.asked.revision, host)};
    return {ErrorCode::NotFound, fmt::format("{}: {} has no such {}", repository, host, code == "RepoNotFound" ? "repository" : what)};
  }
  if (head.status == 429)
    return {ErrorCode::Failed, fmt::format("{}: {} says there were too many requests: try again later, or set HF_TOKEN", repository, host)};
  return {ErrorCode::Failed, fmt::format("{}: {} answers {} for {}", repository, host, head.status, what)};
}

base::Error unreachable_error(const Session& session, std::string_view problem) {
  return {ErrorCode::Failed, fmt::format("{} cannot be reached ({}), and {} is not on this machine: connect to the network, or "
                                         "name a hub within reach with --hub",
                                         session.hub.endpoint, base::sanitize_utf8(problem), session.asked.repository())};
}

base::Result<milliseconds> time_to_wait(const Session& session, const Transfer& transfer, int failures) {
  const long asked = transfer.retry_after();
  if (asked > kMostWait)
    return fail(ErrorCode::Failed, "{}: asks to wait {} minutes before the next request: run this again then", session.hub.endpoint, (asked + 59) / 60);
  if (asked > 0) {
    session.say(fmt::format("{} asks to wait {} s", session.hub.endpoint, asked));
    return milliseconds(asked * 1000);
  }
  return session.hub.first_wait * (1LL << std::clamp(failures - 1, 0, 10));
}

bool pause(Session& session, milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!session.interrupt.asked()) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    session.connections.wait(int(std::min<long long>(left.count(), 1000)), session.interrupt.fd());
  }
  return false;
}

base::Result<Reply> fetch(Session& session, const std::string& url) {
  Reply reply;
  reply.url = url;
  for (int hops = 0, failures = 0;;) {
    reply.body.clear();
    Transfer transfer(session.hub, {reply.url, token_for(session.hub, reply.url), "", ""});
    transfer.on_body = [&](std::string_view bytes) {
      if (reply.body.size() + bytes.size() > kMostBody) return false;
      reply.body += bytes;
      return true;
    };
    if (!run(session, transfer)) return base::cancelled();
    reply.head = transfer.head();
    const long status = reply.head.status;
    if (transfer.ok() && status >= 300 && status < 400 && status != 304) {
      auto next = next_hop(reply.url, transfer.redirect(), hops++);
      if (!next) return base::forward(next);
      reply.url = *next;
      continue;
    }
    if (transfer.ok() && !worth_trying_again(status)) return reply;
    if (transfer.unreachable()) {
      reply.unreachable = true, reply.problem = transfer.problem();
      return reply;
    }
    if (++failures > session.hub.tries || transfer.untrusted()) {
      if (transfer.ok()) return std::unexpected(status_error(session, reply.head, "its list of files"));
      return fail(ErrorCode::Failed, "{}: {}", without_query(reply.url), transfer.problem());
    }
    const auto wait = time_to_wait(session, transfer, failures);
    if (!wait) return base::forward(wait);
    if (!pause(session, *wait)) return base::cancelled();
  }
}

}  // namespace app

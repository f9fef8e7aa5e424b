#include "app/hub/transfer.h"

#include <algorithm>
#include <cstdlib>

namespace app {

Transfer::Transfer(const Hub& hub, const Request& request)
    : easy_(curl_easy_init(), curl_easy_cleanup), headers_(nullptr, curl_slist_free_all), url_(request.url) {
  CURL* const curl = easy_.get();
  const auto header = [&](const std::string& line) {
    if (curl_slist* longer = curl_slist_append(headers_.get(), line.c_str())) {
      (void)headers_.release();
      headers_.reset(longer);
    }
  };
  curl_easy_setopt(curl, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);  // ranges are to come over several connections
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, long(hub.stall_seconds));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "rigpilot");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})  // the last one set has the word
    if (const char* file = std::getenv(name); file && *file) curl_easy_setopt(curl, CURLOPT_CAINFO, file);
  if (!request.range.empty()) curl_easy_setopt(curl, CURLOPT_RANGE, request.range.c_str());
  if (!request.range.empty() && !request.if_range.empty()) header("If-Range: " + request.if_range);
  if (!request.token.empty()) header("Authorization: Bearer " + request.token);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
}

std::size_t Transfer::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  Transfer& me = *static_cast<Transfer*>(self);
  std::string_view line(data, size * count);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) {
    curl_easy_getinfo(me.easy_.get(), CURLINFO_RESPONSE_CODE, &me.head_.status);
    if (me.head_.status < 200 || !me.on_head || me.on_head(me.head_)) return size * count;
    me.refused_ = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    me.head_ = {};
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    const auto first = line.find_first_not_of(" \t", colon + 1);
    me.head_.fields[name] = first == std::string_view::npos ? "" : std::string(line.substr(first));
  }
  return size * count;
}

std::size_t Transfer::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  Transfer& me = *static_cast<Transfer*>(self);
  if (!me.on_body || me.on_body({data, size * count})) return size * count;
  me.refused_ = true;
  return 0;
}

bool Transfer::unreachable() const {
  return code_ == CURLE_COULDNT_RESOLVE_HOST || code_ == CURLE_COULDNT_RESOLVE_PROXY || code_ == CURLE_COULDNT_CONNECT;
}

bool Transfer::untrusted() const { return code_ == CURLE_PEER_FAILED_VERIFICATION || code_ == CURLE_SSL_CACERT_BADFILE; }

std::string Transfer::problem() const {
  if (refused_) return "was stopped";
  std::string text = error_[0] ? error_ : curl_easy_strerror(code_);
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  return text;
}

std::string Transfer::redirect() const {
  char* url = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &url);
  return url ? url : "";
}

long Transfer::retry_after() const {
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
  return long(std::clamp<curl_off_t>(seconds, 0, 1000000));
}

Connections::Connections() : multi_((curl_global_init(CURL_GLOBAL_DEFAULT), curl_multi_init()), curl_multi_cleanup) {}

void Connections::add(Transfer& transfer) { curl_multi_add_handle(multi_.get(), transfer.handle()); }
void Connections::remove(Transfer& transfer) { curl_multi_remove_handle(multi_.get(), transfer.handle()); }

Transfer* Connections::wait(int milliseconds, int wake_fd) {
  int running = 0, left = 0;
  curl_multi_perform(multi_.get(), &running);
  const auto ended = [&]() -> Transfer* {
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, reinterpret_cast<char**>(&transfer));
      transfer->ended(message->data.result);
      remove(*transfer);
      return transfer;
    }
    return nullptr;
  };
  if (Transfer* one = ended()) return one;
  curl_waitfd wake{wake_fd, CURL_WAIT_POLLIN, 0};
  curl_multi_poll(multi_.get(), &wake, wake_fd >= 0 ? 1 : 0, milliseconds, nullptr);
  curl_multi_perform(multi_.get(), &running);
  return ended();
}

}  // namespace app

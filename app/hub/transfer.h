// transfer.h: HTTP GETs over libcurl, several at once on one thread.
// A Transfer is one request without following redirects; Connections runs the ones added and hands back each as it ends.
// The token goes where the caller put it and nowhere else; it is never part of a message. Bodies arrive in on_body.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "app/hub/address.h"

namespace app {

struct Request {
  std::string url;
  std::string token;     // empty: none
  std::string range;     // "0-99"; empty: all of it
  std::string if_range;  // a strong ETag; empty: none
};

struct Head {
  long status = 0;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

class Transfer {
 public:
  Transfer(const Hub& hub, const Request& request);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  std::function<bool(const Head&)> on_head;           // before the body; false: no more of this
  std::function<bool(std::string_view bytes)> on_body;  // false: no more of this

  // Once it has ended:
  bool ok() const { return code_ == CURLE_OK; }
  bool unreachable() const;        // nothing answers there
  bool untrusted() const;          // its certificate is nobody's we know, or ours cannot be read: no second try mends that
  std::string problem() const;     // what went wrong with the connection, for people
  const Head& head() const { return head_; }
  std::string redirect() const;    // where a 3xx points to, absolute; empty: nowhere
  long retry_after() const;        // seconds; 0: the server does not say

  CURL* handle() { return easy_.get(); }
  void ended(CURLcode code) { code_ = code; }

 private:
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_;
  std::string url_;
  Head head_;
  bool refused_ = false;
  CURLcode code_ = CURLE_OK;
  char error_[CURL_ERROR_SIZE] = {};
};

class Connections {
 public:
  Connections();
  void add(Transfer& transfer);
  void remove(Transfer& transfer);
  // One that has ended (removed already), or nullptr after `milliseconds` or when `wake_fd` is readable.
  Transfer* wait(int milliseconds, int wake_fd);

 private:
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
};

}  // namespace app

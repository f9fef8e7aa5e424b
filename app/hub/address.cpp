#include "app/hub/address.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "base/utf8.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string part_of(std::string_view url, CURLUPart part, unsigned flags = 0) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
  char* text = nullptr;
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, std::string(url).c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), part, &text, flags) != CURLUE_OK)
    return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
  return text;
}

bool plain_revision(std::string_view text) {  // branches may hold slashes: refs/pr/1
  return !text.empty() && text.size() <= 200 && text.find("..") == std::string_view::npos &&
         text.front() != '/' && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || std::string_view("._-/+").find(char(c)) != std::string_view::npos;
         });
}

bool this_machine(const std::string& host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

bool plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 96 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

base::Result<Address> parse_address(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::InvalidInput, "'{}': {}; expected OWNER/NAME, OWNER/NAME@REVISION or OWNER/NAME:FILE.gguf",
                text, what);
  };
  Address out;
  std::string_view rest = text;
  if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
    out.file = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (out.file.empty()) return wrong("no file stands after the colon");
  }
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    out.revision = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!plain_revision(out.revision)) return wrong("the revision is no branch, tag or commit");
  }
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return wrong("the owner is missing");
  out.owner = rest.substr(0, slash);
  out.name = rest.substr(slash + 1);
  if (!plain_name(out.owner) || !plain_name(out.name)) return wrong("that is no repository's name");
  return out;
}

fs::path hugging_face_cache() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const std::string set = environment(name); !set.empty()) return set;
  if (const std::string home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const std::string xdg = environment("XDG_CACHE_HOME"); !xdg.empty())
    return fs::path(xdg) / "huggingface/hub";
  const std::string home = environment("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".cache/huggingface/hub";
}

base::Result<Hub> hub_from_environment(const std::string& endpoint) {
  Hub hub;
  const std::string asked = endpoint.empty() ? environment("HF_ENDPOINT") : endpoint;
  if (!asked.empty()) hub.endpoint = asked;
  while (hub.endpoint.ends_with('/')) hub.endpoint.pop_back();
  const std::string scheme = part_of(hub.endpoint, CURLUPART_SCHEME);
  if ((scheme != "https" && scheme != "http") || part_of(hub.endpoint, CURLUPART_HOST).empty())
    return fail(ErrorCode::InvalidInput, "hub '{}' ({}): expected an address such as https://huggingface.co", asked,
                endpoint.empty() ? "HF_ENDPOINT" : "--hub");
  const std::string token = environment("HF_TOKEN");
  if (std::any_of(token.begin(), token.end(), [](unsigned char c) { return c <= ' ' || c >= 127; }))
    return fail(ErrorCode::InvalidInput, "HF_TOKEN holds a space or another character that no token has");
  if (scheme == "https" || this_machine(part_of(hub.endpoint, CURLUPART_HOST))) hub.token = token;
  const std::string offline = environment("HF_HUB_OFFLINE");
  hub.offline = !offline.empty() && offline != "0" && offline != "false";
  hub.cache = hugging_face_cache();
  if (const std::string seconds = environment("HF_HUB_DOWNLOAD_TIMEOUT"); !seconds.empty()) {
    const auto [end, problem] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), hub.stall_seconds);
    if (problem != std::errc() || end != seconds.data() + seconds.size() || hub.stall_seconds < 1 || hub.stall_seconds > 3600)
      return fail(ErrorCode::InvalidInput, "HF_HUB_DOWNLOAD_TIMEOUT is '{}': expected a number of seconds from 1 to 3600", base::sanitize_utf8(seconds));
  }
  return hub;
}

std::string host_of(std::string_view url) {
  return fmt::format("{}://{}:{}", part_of(url, CURLUPART_SCHEME), part_of(url, CURLUPART_HOST),
                     part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT));
}

bool same_origin(std::string_view one, std::string_view other) {
  return !part_of(one, CURLUPART_HOST).empty() && host_of(one) == host_of(other);
}

std::string escape_path(std::string_view path) {
  std::string out;
  for (const unsigned char c : path)
    if (std::isalnum(c) || std::string_view("/._-~").find(char(c)) != std::string_view::npos)
      out += char(c);
    else
      out += fmt::format("%{:02X}", c);
  return out;
}

}  // namespace app

// address.h: what `model pull` is asked for, OWNER/NAME[@REV][:FILE], and from which hub.
// parse_address() checks the text; hub_from_environment() reads HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT
// and where the Hugging Face cache lies. Pure apart from the environment; errors say which part is wrong.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace app {

struct Address {
  std::string owner, name;
  std::string revision = "main";
  std::string file;  // empty: what the model needs
  std::string repository() const { return owner + "/" + name; }
};
base::Result<Address> parse_address(std::string_view text);

// A name that may become part of a path: letters, digits, '.', '_', '-'; not "." or "..", not hidden.
bool plain_name(std::string_view name);

struct Hub {
  std::string endpoint = "https://huggingface.co";  // without a slash at its end
  std::string token;                                // sent to the endpoint alone; empty: none
  bool offline = false;
  std::filesystem::path cache;  // of huggingface_hub: models--OWNER--NAME/...; may not exist
  std::chrono::milliseconds first_wait{300};  // before the first try again; doubles
  int tries = 5;                              // again, while nothing arrives
  int stall_seconds = 30;                     // without a byte: the connection is given up, and tried again
  int connections = 4;
};
// `endpoint` empty: HF_ENDPOINT, else huggingface.co. A token goes over https, or over http to this machine only.
base::Result<Hub> hub_from_environment(const std::string& endpoint);
std::filesystem::path hugging_face_cache();

std::string host_of(std::string_view url);                      // "https://a.b:1/c?d" -> "https://a.b:1"
std::string escape_path(std::string_view path);                 // for a URL; '/' stays
bool same_origin(std::string_view one, std::string_view other);  // scheme, host and port

}  // namespace app

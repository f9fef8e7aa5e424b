#include "app/hub/checksum.h"

#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

namespace app {
namespace {

using base::ErrorCode;
using base::fail;

base::Result<std::string> digest(const std::filesystem::path& path, const EVP_MD* kind, const std::string& before,
                                 const GoOn& go_on) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!state || EVP_DigestInit_ex(state.get(), kind, nullptr) != 1)
    return fail(ErrorCode::Failed, "{}: OpenSSL has not the checksum needed", path.string());
  EVP_DigestUpdate(state.get(), before.data(), before.size());
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::Failed, "{}: {}", path.string(), std::strerror(errno));
  std::vector<char> block(1 << 20);
  for (std::int64_t seen = 0; in;) {
    in.read(block.data(), std::streamsize(block.size()));
    EVP_DigestUpdate(state.get(), block.data(), std::size_t(in.gcount()));
    seen += in.gcount();
    if (go_on && !go_on(seen)) return base::cancelled();
  }
  if (in.bad()) return fail(ErrorCode::Failed, "{}: cannot be read", path.string());
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(state.get(), out, &length);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", out[i]);
  return hex;
}

}  // namespace

base::Result<std::string> file_sha256(const std::filesystem::path& path, const GoOn& go_on) {
  return digest(path, EVP_sha256(), "", go_on);
}

base::Result<std::string> file_git_sha1(const std::filesystem::path& path, const GoOn& go_on) {
  std::error_code problem;
  const auto size = std::filesystem::file_size(path, problem);
  if (problem) return fail(ErrorCode::Failed, "{}: {}", path.string(), problem.message());
  return digest(path, EVP_sha1(), fmt::format("blob {}", size) + '\0', go_on);
}

}  // namespace app

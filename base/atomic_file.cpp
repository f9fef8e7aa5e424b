#include "base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace base {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // Linux writes at most 2 GiB a call

std::unexpected<Error> problem(const fs::path& path) { return fail(ErrorCode::Failed, "{}: {}", path.string(), std::strerror(errno)); }

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

}  // namespace

Result<AtomicFile> AtomicFile::create(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(folder_of(path), failed);
  if (failed) return fail(ErrorCode::Failed, "{}: {}", folder_of(path).string(), failed.message());
  if (fs::is_directory(path, failed)) return fail(ErrorCode::InvalidInput, "{}: is a folder, expected the name of a file", path.string());
  // A file without a name vanishes with the process, however that ends; not every file system has them.
  if (const int file = ::open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644); file >= 0) return AtomicFile(path, file);
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return problem(temporary);
  AtomicFile made(path, file);
  made.temporary_ = temporary;
  return made;
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), std::min(bytes.size(), kMostAtOnce));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return problem(path_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (::fsync(file_) != 0) return problem(path_);
  if (temporary_.empty()) {
    const fs::path name = path_.string() + fmt::format(".{}.tmp", ::getpid());
    ::unlink(name.c_str());
    const std::string self = fmt::format("/proc/self/fd/{}", file_);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) return problem(path_);
    temporary_ = name;
  }
  if (::close(std::exchange(file_, -1)) != 0) return problem(path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return problem(path_);
  temporary_.clear();
  return {};
}

Result<void> check_room(const fs::path& path, std::uint64_t bytes) {
  fs::path there = fs::absolute(path);
  std::error_code failed;
  while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
  const fs::space_info space = fs::space(there, failed);
  if (failed || space.available >= bytes) return {};
  return fail(ErrorCode::Failed, "{}: needs {:.1f} MB on the disk, {:.1f} MB are free", path.string(), double(bytes) / 1e6, double(space.available) / 1e6);
}

}  // namespace base

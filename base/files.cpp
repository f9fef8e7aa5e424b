#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace base {
namespace fs = std::filesystem;
namespace {

fs::path folder(const char* variable, const char* below_home) {
  if (const char* set = std::getenv(variable); set && *set == '/') return fs::path(set) / "rigpilot";
  const char* home = std::getenv("HOME");
  return fs::path(home && *home ? home : "/tmp") / below_home / "rigpilot";
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  std::error_code status;
  if (fs::is_directory(path, status)) return fail(ErrorCode::InvalidInput, "{}: is a folder, expected a file", path.string());
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(ErrorCode::NotFound, "{}: {}", path.string(), std::strerror(errno));
  struct stat known{};
  // A byte more than there is shows the end; files of /proc say that they have none, and others may grow.
  std::string text(::fstat(file, &known) == 0 && known.st_size > 0 ? std::size_t(known.st_size) + 1 : 4096, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  while ((got = ::read(file, text.data() + size, text.size() - size)) > 0 || (got < 0 && errno == EINTR)) {
    if (got > 0) size += std::size_t(got);
    if (size == text.size()) text.resize(2 * size);
  }
  const int reason = errno;
  ::close(file);
  if (got < 0) return fail(ErrorCode::Failed, "{}: cannot be read: {}", path.string(), std::strerror(reason));
  text.resize(size);
  return text;
}

Result<void> write_file_atomic(const fs::path& path, std::string_view text) {
  std::error_code problem;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), problem);
  if (problem) return fail(ErrorCode::Failed, "{}: {}", path.parent_path().string(), problem.message());
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return fail(ErrorCode::Failed, "{}: {}", temporary.string(), std::strerror(errno));
  const bool written = write_all(file, text) && ::fsync(file) == 0;
  const int reason = errno;
  ::close(file);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int why = written ? errno : reason;
    ::unlink(temporary.c_str());
    return fail(ErrorCode::Failed, "{}: {}", path.string(), std::strerror(why));
  }
  return {};
}

fs::path data_folder() { return folder("XDG_DATA_HOME", ".local/share"); }
fs::path cache_folder() { return folder("XDG_CACHE_HOME", ".cache"); }
fs::path config_folder() { return folder("XDG_CONFIG_HOME", ".config"); }

fs::path executable_folder() {
  std::error_code problem;
  const fs::path self = fs::read_symlink("/proc/self/exe", problem);
  return problem ? fs::current_path(problem) : self.parent_path();
}

}  // namespace base

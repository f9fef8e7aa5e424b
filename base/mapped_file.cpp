#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace base {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Failed, "{}: {}", path.string(), std::strerror(errno));
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    return fail(ErrorCode::InvalidInput, "{}: not a regular file", path.string());
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  std::span<const std::byte> bytes;
  if (size > 0) {
    void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (start == MAP_FAILED) {
      const int problem = errno;
      ::close(file);
      return fail(ErrorCode::Failed, "{}: cannot map {} bytes: {}", path.string(), size, std::strerror(problem));
    }
    bytes = {static_cast<const std::byte*>(start), size};
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(path, bytes, file));
}

std::shared_ptr<const MappedFile> MappedFile::of_bytes(std::filesystem::path name, std::vector<std::byte> bytes) {
  std::shared_ptr<MappedFile> file(new MappedFile(std::move(name), {}, -1));
  file->held_ = std::move(bytes);
  file->bytes_ = file->held_;
  return file;
}

MappedFile::~MappedFile() {
  if (file_ >= 0) ::close(file_);
  if (held_.empty() && !bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

namespace {

// The whole pages in a range; empty where there is none.
std::span<std::byte> whole(const void* start, std::size_t size, std::uintptr_t page) {
  const auto begin = (reinterpret_cast<std::uintptr_t>(start) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(start) + size) / page * page;
  if (begin >= end) return {};
  return {reinterpret_cast<std::byte*>(begin), end - begin};
}

std::uintptr_t page_size() { return static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

void MappedFile::read(std::span<const std::byte> part, std::byte* into) const {
  while (file_ >= 0 && !part.empty()) {
    const ::ssize_t got = ::pread(file_, into, part.size(), part.data() - bytes_.data());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;  // the mapping says it: with the bytes, or with SIGBUS where the file was cut short
    part = part.subspan(std::size_t(got)), into += got;
  }
  if (!part.empty()) std::memcpy(into, part.data(), part.size());
}

void MappedFile::expect(std::span<const std::byte> part) const {
#ifdef MADV_POPULATE_READ  // Linux 5.14
  const auto pages = whole(part.data(), part.size(), page_size());
  if (held_.empty() && !pages.empty()) ::madvise(pages.data(), pages.size(), MADV_POPULATE_READ);
#else
  (void)part;
#endif
}

void MappedFile::forget(std::span<const std::byte> part) const {
  if (!held_.empty()) return;  // MADV_DONTNEED would empty our own memory
  const auto pages = whole(part.data(), part.size(), page_size());
  if (!pages.empty()) ::madvise(pages.data(), pages.size(), MADV_DONTNEED);
}

void prefer_huge_pages(void* start, std::size_t size) {
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
  const auto pages = whole(start, size, kHugePage);
  if (!pages.empty()) ::madvise(pages.data(), pages.size(), MADV_HUGEPAGE);
#else
  (void)start, (void)size;
#endif
}

}  // namespace base

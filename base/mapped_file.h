// mapped_file.h: a file's bytes without reading it: the kernel brings pages in as they are touched.
// open() once, share the object by shared_ptr; bytes() lives as long as the object.
// Read-only; safe from any thread. A file cut short by someone else while mapped raises SIGBUS, as with any mmap.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace base {

class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  // Bytes already in memory, seen as a file called `name`: what a test or a fuzzer has made.
  static std::shared_ptr<const MappedFile> of_bytes(std::filesystem::path name, std::vector<std::byte> bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::filesystem::path& path() const { return path_; }

  // Copies a part of bytes(), which the page cache gives faster than the faults of a mapping that is touched once.
  void read(std::span<const std::byte> part, std::byte* into) const;
  // Tells the kernel that a part will be read now: mapped all at once rather than page by page. Harmless on any part.
  void expect(std::span<const std::byte> part) const;
  // Tells the kernel that a part will not be needed again soon; its pages may go. Harmless on any part.
  void forget(std::span<const std::byte> part) const;

 private:
  MappedFile(std::filesystem::path path, std::span<const std::byte> bytes, int file) : path_(std::move(path)), bytes_(bytes), file_(file) {}
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
  int file_ = -1;
  std::vector<std::byte> held_;  // of_bytes(): what bytes_ points into; empty for a mapping
};

// A wish that memory about to be filled for the first time come in huge pages: fewer faults, and fewer translations later.
void prefer_huge_pages(void* start, std::size_t size);

}  // namespace base

// atomic_file.h: a large file that appears whole or not at all: written without a name, or under another, then put in place.
// create(), write() as often as one likes, commit(). Until then the old file, if any, stays; without commit() nothing is left.
// Owns the descriptor; one thread. Errors name the path. Small texts: write_file_atomic() (files.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>

#include "base/result.h"

namespace base {

class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&& other) noexcept
      : path_(std::move(other.path_)), temporary_(std::move(other.temporary_)), file_(std::exchange(other.file_, -1)) {}
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> commit();
  const std::filesystem::path& path() const { return path_; }

 private:
  AtomicFile(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}
  std::filesystem::path path_, temporary_;  // `temporary_` is empty while the file has no name
  int file_ = -1;
};

// Fails, with how much is missing, where the disk of `path` has no room for `bytes` more.
Result<void> check_room(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace base

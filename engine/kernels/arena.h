// arena.h: memory for kernels: AlignedBytes, and the arena that a model's packed weights lie in, one after the other.
// An Arena is used by one thread while a model is loaded; what it gave lives on without it. Throws std::bad_alloc only.
//
// Huge pages from the first touch: a decode step streams all weights, and in pages of 4 kB one thread read 33 GB/s where it read
// 41 GB/s in pages of 2 MB; clearing them takes a third of the time, too. One kind of machine is the other way round: a virtual one
// whose host has yet to put memory behind what the guest believes it has pays for each huge page as for 512 small ones, where small
// pages are mostly ones that were used before (bench/results.md). So the arena looks how long the first ones take, takes
// small pages where that is long, and gather_pages() makes them huge later, beside the first suggestions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

namespace engine {

// 64-byte aligned, and zero at first: large memory by the kernel's own doing, page by page as it is touched. Movable; one owner.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::int64_t size);

  template <class T>
  T* as() const { return reinterpret_cast<T*>(bytes_.get()); }
  std::int64_t size() const { return size_; }

 private:
  friend class Arena;
  AlignedBytes(std::shared_ptr<std::byte> bytes, std::int64_t size) : bytes_(std::move(bytes)), size_(size) {}
  std::shared_ptr<std::byte> bytes_;
  std::int64_t size_ = 0;
};

class Arena {
 public:
  AlignedBytes take(std::int64_t size);

  // All that was mapped so far; shares its ownership.
  const std::vector<AlignedBytes>& chunks() const { return chunks_; }

 private:
  void try_pages(std::byte* from, std::byte* to);

  std::vector<AlignedBytes> chunks_;
  std::int64_t used_ = 0;      // of the last chunk
  std::int64_t requests_ = 0;
  std::int64_t tried_ = 0;     // huge pages touched here to see what they cost,
  double seconds_ = 0;         // and their processor time
  bool huge_ = true;
};

// Puts memory into huge pages where it is not, one at a time with pauses, until done or stopped; how many of them are huge then.
// Others may read the memory meanwhile. Linux 6.1 and later; elsewhere the kernel gathers pages when it likes.
std::int64_t gather_pages(const std::vector<AlignedBytes>& memory, const std::stop_token& stop);

}  // namespace engine

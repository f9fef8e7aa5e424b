#include "engine/kernels/arena.h"

#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#include "base/mapped_file.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1; glibc names it since 2.37
#endif

namespace engine {
namespace {

constexpr std::int64_t kHugePage = std::int64_t(2) << 20;
constexpr std::int64_t kChunk = std::int64_t(64) << 20;
constexpr std::int64_t kTries = 4;          // pages whose cost decides, at first and then at every kBetween-th request
constexpr std::int64_t kBetween = 16;
constexpr double kDear = 1e-3;              // seconds: clearing 2 MB takes 0.2 ms, 512 faults of a host 2 to 5 ms
constexpr auto kPause = std::chrono::milliseconds(1);

std::byte* round_up(std::byte* p) { return p + (kHugePage - reinterpret_cast<std::uintptr_t>(p) % kHugePage) % kHugePage; }

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

// Whole huge pages, not touched yet; what stands before the first and behind the last goes back.
std::shared_ptr<std::byte> map(std::int64_t size) {
  const auto whole = std::size_t((size + kHugePage - 1) / kHugePage * kHugePage), asked = whole + std::size_t(kHugePage);
  void* const start = ::mmap(nullptr, asked, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  auto* const from = static_cast<std::byte*>(start);
  std::byte* const begin = round_up(from);
  if (begin > from) ::munmap(from, std::size_t(begin - from));
  if (from + asked > begin + whole) ::munmap(begin + whole, std::size_t(from + asked - begin) - whole);
  return {begin, [whole](std::byte* p) { ::munmap(p, whole); }};
}

}  // namespace

AlignedBytes::AlignedBytes(std::int64_t size) : size_(size) {
  if (size >= 2 * kHugePage) {
    bytes_ = map(size);
  } else if (size > 0) {
    const auto whole = std::size_t((size + 63) / 64 * 64);
    void* const memory = std::aligned_alloc(64, whole);
    if (!memory) throw std::bad_alloc();
    bytes_ = {static_cast<std::byte*>(memory), [](std::byte* p) { std::free(p); }};
    std::memset(memory, 0, whole);
  }
}

AlignedBytes Arena::take(std::int64_t size) {
  if (size <= 0) return {};
  const std::int64_t whole = (size + 63) / 64 * 64;
  if (chunks_.empty() || used_ + whole > chunks_.back().size()) {
    const std::int64_t chunk = (std::max(whole, kChunk) + kHugePage - 1) / kHugePage * kHugePage;
    chunks_.push_back({map(chunk), chunk});
    used_ = 0;
    if (huge_) base::prefer_huge_pages(chunks_.back().as<std::byte>(), std::size_t(chunk));
  }
  const AlignedBytes& chunk = chunks_.back();
  std::byte* const at = chunk.as<std::byte>() + used_;
  used_ += whole;
  if (huge_) try_pages(round_up(at), at + whole);
  return {std::shared_ptr<std::byte>(chunk.bytes_, at), size};
}

// Touches some of the pages that begin in [from, to), and goes on with small ones where that is dear.
void Arena::try_pages(std::byte* from, std::byte* to) {
  if (requests_++ % kBetween == 0) tried_ = 0, seconds_ = 0;
  const double before = processor_seconds();
  for (; from < to && tried_ < kTries; from += kHugePage, ++tried_) *static_cast<volatile std::byte*>(from) = std::byte{0};
  seconds_ += processor_seconds() - before;
  if (tried_ < kTries || seconds_ < kDear * double(tried_)) return;
  huge_ = false;
  std::byte* const end = chunks_.back().as<std::byte>() + chunks_.back().size();
  if (from < end) ::madvise(from, std::size_t(end - from), MADV_NOHUGEPAGE);
}

std::int64_t gather_pages(const std::vector<AlignedBytes>& memory, const std::stop_token& stop) {
  std::int64_t gathered = 0;
  for (const AlignedBytes& part : memory) {
    base::prefer_huge_pages(part.as<std::byte>(), std::size_t(part.size()));
    std::byte* const end = part.as<std::byte>() + part.size();
    for (std::byte* page = round_up(part.as<std::byte>()); page + kHugePage <= end; page += kHugePage) {
      if (stop.stop_requested()) return gathered;
      const double before = processor_seconds();
      if (::madvise(page, std::size_t(kHugePage), MADV_COLLAPSE) == 0) ++gathered;
      if (processor_seconds() - before < kDear / 20) continue;  // it was huge before
      std::mutex mutex;
      std::condition_variable_any pause;
      std::unique_lock lock(mutex);
      pause.wait_for(lock, stop, kPause, [] { return false; });
    }
  }
  return gathered;
}

}  // namespace engine

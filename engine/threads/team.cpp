#include "engine/threads/team.h"

#include <algorithm>

#include "base/machine.h"

namespace engine {
namespace {

using namespace std::chrono_literals;

constexpr int kFieldBits = 20;  // of front and of back; the loop's epoch has the other 24
constexpr std::uint64_t kField = (std::uint64_t(1) << kFieldBits) - 1;
constexpr auto kWorkerSpin = 60us;   // longer than the serial work between two loops of a decode step
constexpr auto kCallerSpin = 60us;
constexpr auto kStraggler = 250us;   // no task that is running takes as long after the others ended
constexpr auto kAlone = 20ms;        // several time slices

constexpr std::uint64_t kFront = 1, kBack = std::uint64_t(1) << kFieldBits;

std::uint64_t front_of(std::uint64_t left) { return left & kField; }
std::uint64_t back_of(std::uint64_t left) { return (left >> kFieldBits) & kField; }

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Calls look() until it says true or the time is over.
template <class Look>
bool spin(std::chrono::nanoseconds most, const Look& look) {
  const auto end = std::chrono::steady_clock::now() + most;
  do {
    for (int i = 0; i < 32; ++i) {
      if (look()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

Team::Team(int threads) : shares_(std::size_t(std::max(1, threads))) {
  for (std::size_t self = 1; self < shares_.size(); ++self) workers_.emplace_back([this, self] { work(self); });
}

Team::~Team() {
  quit_.store(true, std::memory_order_seq_cst);
  wake_.fetch_add(1, std::memory_order_seq_cst);
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

// The next task at one end of a share; -1: none is left there.
std::int64_t Team::claim(std::size_t share, End end) {
  std::atomic<std::uint64_t>& left = shares_[share].left;
  std::uint64_t seen = left.load(std::memory_order_acquire);
  while (front_of(seen) < back_of(seen)) {
    if (!left.compare_exchange_weak(seen, end == End::Front ? seen + kFront : seen - kBack, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    return std::int64_t(end == End::Front ? front_of(seen) : back_of(seen) - 1);
  }
  return -1;
}

// Takes tasks until none is left. A loop is not over before what was taken of it is counted here, so that all of them are of one loop.
void Team::take_part(std::size_t self) {
  std::int32_t mine = 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    const std::size_t share = (self + i) % shares_.size();
    for (std::int64_t task; (task = claim(share, i == 0 ? End::Front : End::Back)) >= 0; ++mine) {
      count = job_.count;
      job_.call(job_.task, task);
    }
  }
  if (mine > 0 && done_.fetch_add(mine, std::memory_order_seq_cst) + mine == std::int32_t(count) && caller_parked_.load(std::memory_order_seq_cst)) done_.notify_one();
}

void Team::work(std::size_t self) {
  std::uint64_t seen = 0;
  while (!quit_.load(std::memory_order_acquire)) {
    const auto changed = [&] { return begun_.load(std::memory_order_acquire) != seen || quit_.load(std::memory_order_acquire); };
    if (!spin(kWorkerSpin, changed)) park(seen);
    if (const std::uint64_t begun = begun_.load(std::memory_order_acquire); begun != seen) {
      seen = begun;
      take_part(self);
    }
  }
}

void Team::park(std::uint64_t seen) {
  const std::int32_t before = wake_.load(std::memory_order_seq_cst);
  parked_.fetch_add(1, std::memory_order_seq_cst);
  if (begun_.load(std::memory_order_seq_cst) == seen && !quit_.load(std::memory_order_seq_cst)) wake_.wait(before);
  parked_.fetch_sub(1, std::memory_order_seq_cst);
}

void Team::run_any(const Job& job) {
  const std::int64_t count = job.count;
  const bool alone = workers_.empty() || count < 2 || count > std::int64_t(kField) || (alone_until_ != Clock::time_point{} && Clock::now() < alone_until_);
  if (alone) {
    for (std::int64_t i = 0; i < count; ++i) job.call(job.task, i);
    return;
  }
  alone_until_ = {};
  job_ = job;
  done_.store(0, std::memory_order_relaxed);
  const auto start = Clock::now();
  const std::uint64_t epoch = begun_.load(std::memory_order_relaxed) + 1;
  const auto threads = std::uint64_t(shares_.size());
  for (std::uint64_t t = 0; t < threads; ++t)
    shares_[t].left.store(epoch << (2 * kFieldBits) | std::uint64_t(count) * (t + 1) / threads * kBack | std::uint64_t(count) * t / threads * kFront, std::memory_order_release);
  begun_.store(epoch, std::memory_order_seq_cst);
  if (parked_.load(std::memory_order_seq_cst) > 0) {
    wake_.fetch_add(1, std::memory_order_seq_cst);
    wake_.notify_all();
  }
  take_part(0);
  if (done_.load(std::memory_order_acquire) != std::int32_t(count)) wait_until_done(count, start);
}

void Team::wait_until_done(std::int64_t count, Clock::time_point start) {
  const auto finished = [&] { return done_.load(std::memory_order_acquire) == std::int32_t(count); };
  const auto idle = Clock::now();
  if (spin(kCallerSpin, finished)) return;
  caller_parked_.store(true, std::memory_order_seq_cst);
  for (std::int32_t done = done_.load(std::memory_order_seq_cst); done != std::int32_t(count); done = done_.load(std::memory_order_seq_cst))
    done_.wait(done, std::memory_order_seq_cst);
  caller_parked_.store(false, std::memory_order_seq_cst);
  const auto now = Clock::now();
  if (now - idle < kStraggler || now - idle < idle - start) return;  // the loop was long: sharing it still paid
  ++stragglers_;
  alone_until_ = now + kAlone;
}

int team_size() {
  const base::Machine machine = base::describe_machine();
  return std::max(1, machine.cores);
}

}  // namespace engine

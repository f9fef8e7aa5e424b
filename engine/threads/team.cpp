#include "engine/threads/team.h"

#include <algorithm>

#include "base/machine.h"

namespace engine {
namespace {

using namespace std::chrono_literals;

constexpr int kFieldBits = 20;  // of front and of back; the epoch has the other 24
constexpr std::uint64_t kField = (std::uint64_t(1) << kFieldBits) - 1;
constexpr auto kWorkerSpin = 60us;   // longer than the serial work between two loops of a decode step
constexpr auto kCallerSpin = 60us;
constexpr auto kStraggler = 250us;   // no task that is running takes as long after the others ended
constexpr auto kAlone = 20ms;        // several time slices

// What is left of a loop is [front, back): the caller takes from its front, workers from its back.
constexpr std::uint64_t kFront = 1, kBack = std::uint64_t(1) << kFieldBits;
std::uint64_t front_of(std::uint64_t ticket) { return ticket & kField; }
std::uint64_t back_of(std::uint64_t ticket) { return (ticket >> kFieldBits) & kField; }
bool has_work(std::uint64_t ticket) { return front_of(ticket) < back_of(ticket); }

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

Team::Team(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

Team::~Team() {
  quit_.store(true, std::memory_order_seq_cst);
  wake_.fetch_add(1, std::memory_order_seq_cst);
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

// Takes tasks of this ticket's loop until none is left. What stands behind the caller's share is in reverse order, so that workers, who take
// from the back, go up from the share's end: each side's tasks follow one another.
template <bool Caller>
void Team::claim(std::uint64_t ticket) {
  while (has_work(ticket)) {
    if (!ticket_.compare_exchange_weak(ticket, Caller ? ticket + kFront : ticket - kBack, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    const auto place = std::int64_t(Caller ? front_of(ticket) : back_of(ticket) - 1);
    const std::int64_t count = job_.count, share = job_.share;
    job_.call(job_.task, place < share ? place : share + count - 1 - place);
    if (done_.fetch_add(1, std::memory_order_seq_cst) + 1 == std::int32_t(count) && caller_parked_.load(std::memory_order_seq_cst)) done_.notify_one();
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void Team::work() {
  while (!quit_.load(std::memory_order_acquire)) {
    claim<false>(ticket_.load(std::memory_order_acquire));
    const auto changed = [&] { return has_work(ticket_.load(std::memory_order_acquire)) || quit_.load(std::memory_order_acquire); };
    if (!spin(kWorkerSpin, changed)) park();
  }
}

void Team::park() {
  const std::int32_t before = wake_.load(std::memory_order_seq_cst);
  parked_.fetch_add(1, std::memory_order_seq_cst);
  if (!has_work(ticket_.load(std::memory_order_seq_cst)) && !quit_.load(std::memory_order_seq_cst)) wake_.wait(before);
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
  job_.share = count / threads();
  done_.store(0, std::memory_order_relaxed);
  const auto start = Clock::now();
  const std::uint64_t ticket = ++epoch_ << (2 * kFieldBits) | std::uint64_t(count) * kBack;
  ticket_.store(ticket, std::memory_order_seq_cst);
  if (parked_.load(std::memory_order_seq_cst) > 0) {
    wake_.fetch_add(1, std::memory_order_seq_cst);
    wake_.notify_all();
  }
  claim<true>(ticket);
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

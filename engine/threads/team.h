// team.h: a few threads that share one loop at a time, made for loops of some ten microseconds on a machine that is not idle.
// run(count, task) calls task(i) once for every i in [0, count), on the caller and the workers; when it returns, all are done
// and visible to the caller. Tasks must not throw and must not call run().
// One thread at a time calls run() (the engine thread); a Team is made once and joined by its destructor.
//
// Work is claimed one task at a time from one atomic word, so whoever is running takes what is left, and nobody waits for
// a thread that never got a processor: only for a task that was begun. The caller goes up from the first task, the workers from the end of
// its share, and who ends first takes from the other's end: tasks that follow one another in memory are one stream for each side, which
// memory feeds faster than two threads that take turns. Where even that wait shows that the cores are
// taken by others (an editor's machine compiles and lints), the caller works alone for a moment, because a loop that ends with a
// descheduled thread costs a time slice and memory feeds one core nearly as fast as two.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace engine {

class Team {
 public:
  explicit Team(int threads);  // the caller included; at least 1
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return int(workers_.size()) + 1; }

  template <class Task>
  void run(std::int64_t count, const Task& task) {
    run_any({[](const void* of, std::int64_t i) { (*static_cast<const Task*>(of))(i); }, &task, count});
  }

  // How often run() found that a worker had lost its processor: for measurements.
  std::int64_t stragglers() const { return stragglers_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    void (*call)(const void* task, std::int64_t i) = nullptr;
    const void* task = nullptr;
    std::int64_t count = 0, share = 0;  // tasks; of them, the caller's
  };

  void run_any(const Job& job);
  template <bool Caller>
  void claim(std::uint64_t ticket);
  void work();
  void park();
  void wait_until_done(std::int64_t count, Clock::time_point start);

  // Epoch and both ends of what is left in one word: a claim can only succeed for the loop it was read from.
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::int32_t> done_{0};
  alignas(64) std::atomic<std::int32_t> wake_{0};  // changes when parked workers are to look again
  std::atomic<std::int32_t> parked_{0};
  std::atomic<bool> caller_parked_{false}, quit_{false};
  Job job_;  // written before a ticket is published, read after one of its tasks is claimed
  std::uint64_t epoch_ = 0;
  std::int64_t stragglers_ = 0;
  Clock::time_point alone_until_{};
  std::vector<std::thread> workers_;
};

// As many threads as this process has cores for: affinity mask and the container's quota counted.
int team_size();

}  // namespace engine

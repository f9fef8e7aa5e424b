// Every task runs once, whatever the number of threads; what tasks wrote is visible after run(); a hogged core does not stall.
// Also built with the thread sanitizer (preset tsan), which sees a task that is read after its loop ended.
#include "engine/threads/team.h"

#include <atomic>
#include <numeric>
#include <thread>

#include "support/catch.h"

namespace {

void check_each_once(engine::Team& team, std::int64_t count) {
  std::vector<int> times(static_cast<std::size_t>(count), 0);  // plain ints: a task run twice or seen late is a data race
  team.run(count, [&](std::int64_t i) { ++times[std::size_t(i)]; });
  INFO(team.threads() << " threads, " << count << " tasks");
  CHECK(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; }));
}

}  // namespace

TEST_CASE("team: every task runs exactly once") {
  for (const int threads : {1, 2, 3, 8}) {
    engine::Team team(threads);
    CHECK(team.threads() == threads);
    for (const std::int64_t count : {0, 1, 2, 3, 7, 64, 1000}) check_each_once(team, count);
  }
}

// Of a share the thread it belongs to goes up from its beginning, and the other one down from its end.
TEST_CASE("team: the tasks that a thread takes of a share follow one another") {
  engine::Team team(2);
  const auto caller = std::this_thread::get_id();
  constexpr std::int64_t kCount = 41, kShare = 20;  // the caller's first
  bool shared = false;
  for (int tries = 0; tries < 1000; ++tries) {
    std::vector<std::int64_t> taken[2][2];  // by thread and share
    team.run(kCount, [&](std::int64_t i) {
      taken[std::this_thread::get_id() != caller][i >= kShare].push_back(i);
      std::this_thread::yield();
    });
    if (taken[1][0].empty() && taken[1][1].empty()) continue;  // the worker had no processor: a caller that works alone takes all in order
    for (const int thread : {0, 1})
      for (const int share : {0, 1}) {
        std::int64_t next = thread == share ? share * kShare : share == 0 ? kShare - 1 : kCount - 1;
        for (const std::int64_t i : taken[thread][share]) {
          REQUIRE(i == next);
          next += thread == share ? 1 : -1;
        }
      }
    shared = shared || (!taken[0][0].empty() && !taken[1][1].empty());
  }
  CHECK(shared);
}

TEST_CASE("team: many short loops after each other, each reading what the one before wrote") {
  engine::Team team(4);
  std::vector<std::int64_t> values(37, 0);
  for (int round = 0; round < 3000; ++round) {
    const std::int64_t before = std::accumulate(values.begin(), values.end(), std::int64_t(0));
    REQUIRE(before == std::int64_t(round) * 37);
    team.run(37, [&](std::int64_t i) { values[std::size_t(i)] += 1; });
  }
}

TEST_CASE("team: workers that went to sleep wake up again") {
  engine::Team team(3);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    check_each_once(team, 16);
  }
}

TEST_CASE("team: a loop that a worker holds up is waited for, and the caller then works alone for a while") {
  engine::Team team(2);
  const auto caller = std::this_thread::get_id();
  std::atomic<int> held{0};
  auto start = std::chrono::steady_clock::now();
  for (int tries = 0; tries < 200 && team.stragglers() == 0; ++tries) {  // the worker must get a task of the two
    held = 0;
    start = std::chrono::steady_clock::now();
    team.run(2, [&](std::int64_t) {
      if (std::this_thread::get_id() == caller) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
        while (std::chrono::steady_clock::now() < end && held == 0) std::this_thread::yield();
      } else {
        ++held;
        std::this_thread::sleep_for(std::chrono::milliseconds(5) + 2 * (std::chrono::steady_clock::now() - start));  // as if it had lost its processor
      }
    });
  }
  REQUIRE(team.stragglers() == 1);
  std::atomic<int> elsewhere{0};
  team.run(50, [&](std::int64_t) { elsewhere += std::this_thread::get_id() != caller; });
  if (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(20)) CHECK(elsewhere == 0);
  elsewhere = 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  for (int tries = 0; tries < 200 && elsewhere == 0; ++tries)
    team.run(64, [&](std::int64_t) {
      elsewhere += std::this_thread::get_id() != caller;
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    });
  CHECK(elsewhere > 0);  // and shares again later
}

TEST_CASE("team: as many threads as the process may use") { CHECK(engine::team_size() >= 1); }

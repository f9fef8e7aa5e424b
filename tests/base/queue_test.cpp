#include "base/queue.h"

#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "support/catch.h"

TEST_CASE("queue: first in, first out; what is in it survives closing") {
  base::Queue<int> queue;
  CHECK(queue.try_pop() == std::nullopt);
  CHECK(queue.push(1));
  CHECK(queue.push(2));
  CHECK(queue.pop() == 1);
  queue.close();
  CHECK_FALSE(queue.push(3));
  CHECK(queue.pop() == 2);
  CHECK(queue.pop() == std::nullopt);
  CHECK(queue.pop() == std::nullopt);
}

TEST_CASE("queue: values that can only be moved") {
  base::Queue<std::unique_ptr<int>> queue;
  CHECK(queue.push(std::make_unique<int>(5)));
  CHECK(**queue.pop() == 5);
}

TEST_CASE("queue: closing wakes everyone who waits") {
  base::Queue<int> queue;
  std::vector<std::jthread> waiting;
  for (int i = 0; i < 3; ++i) waiting.emplace_back([&] { (void)queue.pop(); });
  queue.close();
}  // the threads are joined here, or the test hangs

TEST_CASE("queue: nothing is lost or doubled between threads, and each producer's order is kept") {
  constexpr int kProducers = 3, kConsumers = 3, kEach = 2000;
  base::Queue<int> queue;
  std::vector<std::vector<int>> taken(kConsumers);
  {
    std::vector<std::jthread> consumers;
    for (auto& mine : taken)
      consumers.emplace_back([&] {
        while (const auto value = queue.pop()) mine.push_back(*value);
      });
    {
      std::vector<std::jthread> producers;
      for (int p = 0; p < kProducers; ++p)
        producers.emplace_back([&, p] {
          for (int i = 0; i < kEach; ++i) (void)queue.push(p * kEach + i);
        });
    }
    queue.close();
  }
  std::vector<int> all;
  for (const auto& mine : taken) {
    for (int p = 0; p < kProducers; ++p) {
      std::vector<int> of_one;
      for (const int value : mine)
        if (value / kEach == p) of_one.push_back(value);
      CHECK(std::is_sorted(of_one.begin(), of_one.end()));
    }
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<int> wanted(kProducers * kEach);
  std::iota(wanted.begin(), wanted.end(), 0);
  CHECK(all == wanted);
}

TEST_CASE("queue: waiting may end by the clock") {
  base::Queue<int> queue;
  const auto begin = std::chrono::steady_clock::now();
  CHECK(queue.pop_until(begin + std::chrono::milliseconds(20)) == std::nullopt);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(20));
  queue.push(7);
  CHECK(queue.pop_until(begin) == 7);  // what is there is given, however late
  std::jthread later([&queue] { queue.push(8); });
  CHECK(queue.pop_until(std::chrono::steady_clock::now() + std::chrono::seconds(20)) == 8);
}

// parallel_rows.h: a loop over rows of a matrix, shared among threads that live as long as the loop: for work at load.
// parallel_rows(threads, rows, [&](first, last) { ... }) calls the function once a thread, on disjoint ranges.
// The function must not throw; with one thread, or few rows, it is called here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

namespace engine {

template <class Function>
void parallel_rows(int threads, std::int64_t rows, const Function& function) {
  constexpr std::int64_t kFewest = 16;  // rows worth a thread
  const std::int64_t shares = std::clamp<std::int64_t>(rows / kFewest, 1, std::max(1, threads)), each = (rows + shares - 1) / shares;
  std::vector<std::jthread> workers;
  for (std::int64_t first = each; first < rows; first += each) workers.emplace_back([&function, first, last = std::min(rows, first + each)] { function(first, last); });
  function(std::int64_t{0}, std::min(rows, each));
}

}  // namespace engine

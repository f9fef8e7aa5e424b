#include "lsp/transport/memory.h"

#include <algorithm>

namespace lsp {

std::size_t MemoryTransport::read(std::span<char> into) {
  while (rest_.empty()) {
    auto chunk = in_->pop();
    if (!chunk) return 0;
    rest_ = std::move(*chunk);
  }
  const std::size_t count = std::min(into.size(), rest_.size());
  std::copy_n(rest_.begin(), count, into.begin());
  rest_.erase(0, count);
  return count;
}

void MemoryTransport::close() {
  in_->close();
  out_->close();
}

std::string MemoryTransport::take_arrived() {
  std::string all = std::exchange(rest_, {});
  while (auto chunk = in_->try_pop()) all += *chunk;
  return all;
}

std::pair<std::unique_ptr<MemoryTransport>, std::unique_ptr<MemoryTransport>> memory_pair() {
  auto there = std::make_shared<base::Queue<std::string>>();
  auto back = std::make_shared<base::Queue<std::string>>();
  return {std::make_unique<MemoryTransport>(back, there), std::make_unique<MemoryTransport>(there, back)};
}

}  // namespace lsp

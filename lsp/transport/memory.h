// memory.h: two transports joined in memory: what one writes the other reads. For tests, and for a server in the same process.
//   auto [ours, theirs] = memory_pair();   run_server(*theirs, ...) on one thread, ours->write(...) on another
// Closing either end ends both, after what was written before has been read.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/queue.h"
#include "lsp/transport/transport.h"

namespace lsp {

class MemoryTransport final : public Transport {
 public:
  using Pipe = std::shared_ptr<base::Queue<std::string>>;
  MemoryTransport(Pipe in, Pipe out) : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryTransport() override { close(); }

  std::size_t read(std::span<char> into) override;
  bool write(std::string_view bytes) override { return out_->push(std::string(bytes)); }
  void close() override;

  // What has arrived, without waiting; empty when nothing has.
  std::string take_arrived();
  // The other side reads to the end, then 0; this side still reads.
  void end_output() { out_->close(); }

 private:
  Pipe in_, out_;
  std::string rest_;  // of a chunk that did not fit into a read()
};

std::pair<std::unique_ptr<MemoryTransport>, std::unique_ptr<MemoryTransport>> memory_pair();

}  // namespace lsp

// queue.h: the only lock of the program: a blocking queue between threads that can be closed.
// Producers push(), one or more consumers pop(); after close() pop() drains what is left, then returns nullopt.
// Every member may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace base {

template <class T>
class Queue {
 public:
  // False, and the value is dropped, once the queue is closed.
  bool push(T value) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return false;
      values_.push_back(std::move(value));
    }
    ready_.notify_one();
    return true;
  }

  // Waits for a value; nullopt when the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return closed_ || !values_.empty(); });
    return take();
  }

  // As pop(), but nullopt also where nothing has come until then.
  std::optional<T> pop_until(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    ready_.wait_until(lock, until, [this] { return closed_ || !values_.empty(); });
    return take();
  }

  // A value if there is one now.
  std::optional<T> try_pop() {
    std::lock_guard lock(mutex_);
    return take();
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

 private:
  std::optional<T> take() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    return value;
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> values_;  // guarded by mutex_
  bool closed_ = false;   // guarded by mutex_
};

}  // namespace base

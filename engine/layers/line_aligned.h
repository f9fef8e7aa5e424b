// line_aligned.h: vectors that begin at a cache line, so that a row of 64 bytes that the matrix unit loads is one line, not parts of two.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace engine {

template <class T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};

  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>& /*other*/) {}

  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), kLine)); }
  void deallocate(T* at, std::size_t /*count*/) { ::operator delete(at, kLine); }
  template <class U>
  bool operator==(const LineAllocator<U>& /*other*/) const { return true; }
};

template <class T>
using LineAligned = std::vector<T, LineAllocator<T>>;

}  // namespace engine

// guard.h: runs a function and turns whatever libtorch throws into a base::Error: out of memory, cancelled, or failed.
#pragma once

#include <torch/torch.h>

#include <new>
#include <string>
#include <type_traits>

#include "base/result.h"

namespace engine {

// The first line of libtorch's message: the rest is a stack trace.
inline std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

// `doing` names the work in the error: "generating". The function returns a Result.
template <class Function>
std::invoke_result_t<Function> guard_with_gradients(std::string_view doing, Function&& function) {
  try {
    return function();
  } catch (const c10::OutOfMemoryError& error) {
    return base::fail(base::ErrorCode::OutOfMemory, "{}: the device has no memory left ({})", doing, first_line(error.what_without_backtrace()));
  } catch (const std::bad_alloc&) {
    return base::fail(base::ErrorCode::OutOfMemory, "{}: this machine has no memory left", doing);
  } catch (const c10::Error& error) {
    const std::string line = first_line(error.what_without_backtrace());
    const bool memory = line.find("can't allocate memory") != std::string::npos || line.find("not enough memory") != std::string::npos;
    return base::fail(memory ? base::ErrorCode::OutOfMemory : base::ErrorCode::Failed, "{}: libtorch: {}", doing, line);
  } catch (const std::exception& error) {
    return base::fail(base::ErrorCode::Failed, "{}: {}", doing, first_line(error.what()));
  }
}

// The same without what a backward pass needs, which costs.
template <class Function>
std::invoke_result_t<Function> guard(std::string_view doing, Function&& function) {
  return guard_with_gradients(doing, [&] {
    const torch::InferenceMode inference;
    return function();
  });
}

}  // namespace engine

#include "engine/torch/device.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/cuda.h>
#include <torch/version.h>
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 11
#include <ATen/DeviceAccelerator.h>
#endif

#include <charconv>

#include "base/machine.h"

#ifndef INTRA_OP_PARALLEL
#error "at::parallel_for() would run on one thread: engine_torch is compiled with OpenMP, as libtorch is"
#endif

namespace engine {
namespace {

// libtorch's own question for "a card from Ampere on": others compute bf16 many times slower than f16.
bool gpu_multiplies_bf16() { return at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8(); }

// 0 where this libtorch cannot tell.
std::int64_t memory_of([[maybe_unused]] size_t gpu) {
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 11
  try {
    return std::int64_t(at::accelerator::getMemoryInfo(c10::DeviceIndex(gpu)).second);
  } catch (const c10::Error&) {
    return 0;
  }
#else
  return 0;
#endif
}

torch::Dtype best_dtype(torch::Device device) {
  return multiplies_bf16(device) ? torch::kBFloat16 : device.is_cpu() ? torch::kFloat32 : torch::kFloat16;
}

}  // namespace

bool multiplies_bf16(torch::Device device) { return device.is_cpu() ? base::multiplies_bf16(base::describe_machine()) : gpu_multiplies_bf16(); }

base::Result<torch::Device> choose_device(const std::string& name) {
  const std::int64_t gpus = torch::cuda::is_available() ? std::int64_t(torch::cuda::device_count()) : 0;
  if (name == "cpu") return torch::Device(torch::kCPU);
  if (name == "auto") return gpus > 0 ? torch::Device(torch::kCUDA, 0) : torch::Device(torch::kCPU);
  int index = 0;
  if (name.starts_with("cuda:")) {
    const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), index);
    if (error != std::errc() || end != name.data() + name.size() || index < 0)
      return base::fail(base::ErrorCode::InvalidInput, "device '{}': expected auto, cpu, cuda or cuda:N", name);
  } else if (name != "cuda") {
    return base::fail(base::ErrorCode::InvalidInput, "device '{}': expected auto, cpu, cuda or cuda:N", name);
  }
  if (gpus == 0)
    return base::fail(base::ErrorCode::Unsupported, "device '{}': the linked libtorch {} sees no GPU; use --device cpu, or build with "
                      "Torch_DIR at a CUDA or ROCm libtorch", name, TORCH_VERSION);
  if (index >= gpus)
    return base::fail(base::ErrorCode::InvalidInput, "device '{}': there {} only {} GPU{}", name, gpus == 1 ? "is" : "are", gpus, gpus == 1 ? "" : "s");
  return torch::Device(torch::kCUDA, c10::DeviceIndex(index));
}

base::Result<torch::Dtype> choose_dtype(const std::string& name, torch::Device device) {
  if (name == "f32" || name == "float32") return torch::kFloat32;
  if (name == "bf16" || name == "bfloat16") return torch::kBFloat16;
  if (name == "f16" || name == "float16") return torch::kFloat16;
  if (name == "auto") return best_dtype(device);
  return base::fail(base::ErrorCode::InvalidInput, "dtype '{}': expected auto, f32, bf16 or f16", name);
}

std::string dtype_name(torch::Dtype dtype) {
  if (dtype == torch::kBFloat16) return "bfloat16";
  if (dtype == torch::kFloat16) return "float16";
  return "float32";
}

BackendInfo describe_backend() {
  BackendInfo info;
  info.torch_version = TORCH_VERSION;
  info.cpu_capability = at::get_cpu_capability();
  info.fast_bf16 = base::multiplies_bf16(base::describe_machine());
  info.devices.push_back({"cpu", info.cpu_capability, 0});
  if (torch::cuda::is_available())
    for (size_t i = 0; i < size_t(torch::cuda::device_count()); ++i) info.devices.push_back({fmt::format("cuda:{}", i), "GPU", memory_of(i)});
  return info;
}

}  // namespace engine

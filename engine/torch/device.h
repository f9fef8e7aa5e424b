// device.h: which device and number format to use, from what the user wrote and what the linked libtorch has.
// choose_device("auto") takes the first GPU, else the CPU; errors name the setting and what this build offers.
#pragma once

#include <torch/torch.h>

#include <string>

#include "base/result.h"
#include "engine/load.h"

namespace engine {

base::Result<torch::Device> choose_device(const std::string& name);
base::Result<torch::Dtype> choose_dtype(const std::string& name, torch::Device device);
bool multiplies_bf16(torch::Device device);  // by itself; emulated, bf16 takes several times as long as f32
std::string dtype_name(torch::Dtype dtype);  // "float32"
BackendInfo describe_backend();

}  // namespace engine

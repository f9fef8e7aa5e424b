#include "engine/convert/tensor_plan.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/convert/plan_list.h"

namespace engine {
namespace {

struct Plan {
  std::string_view architecture;
  std::vector<PlannedTensor> (*of)(const ModelConfig& config);
};
constexpr Plan kPlans[] = {
    {"bloom", plan_bloom},     {"gemma", plan_gemma}, {"gpt2", plan_gpt2},       {"gpt_bigcode", plan_bigcode},
    {"gpt_neox", plan_neox},   {"granite", plan_llama}, {"llama", plan_llama},   {"mistral", plan_llama},
    {"qwen2", plan_qwen},      {"qwen3", plan_qwen},  {"stablelm", plan_stablelm}, {"starcoder2", plan_starcoder2},
};

}  // namespace

base::Result<std::vector<PlannedTensor>> tensor_plan(const ModelConfig& config) {
  for (const Plan& plan : kPlans)
    if (plan.architecture == config.architecture) return plan.of(config);
  std::vector<std::string_view> known;
  for (const Plan& plan : kPlans) known.push_back(plan.architecture);
  return base::fail(base::ErrorCode::Unsupported, "architecture '{}' cannot be written as GGUF: supported are {}", config.architecture,
                    fmt::join(known, ", "));
}

}  // namespace engine

#include "engine/train/ranks.h"

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <charconv>
#include <chrono>

namespace engine {
namespace {

constexpr std::chrono::minutes kPatience{10};

// HOST:PORT, where rank 0 listens; else a file.
c10::intrusive_ptr<c10d::Store> meet_at(const Ranks& ranks) {
  const std::size_t colon = ranks.meet.rfind(':');
  std::uint16_t port = 0;
  const char* const end = ranks.meet.data() + ranks.meet.size();
  const bool is_port = colon != std::string::npos && std::from_chars(ranks.meet.data() + colon + 1, end, port).ptr == end && port > 0;
  if (!is_port) return c10::make_intrusive<c10d::FileStore>(ranks.meet, ranks.count);
  c10d::TCPStoreOptions options;
  options.port = port, options.isServer = ranks.rank == 0, options.numWorkers = std::size_t(ranks.count);
  return c10::make_intrusive<c10d::TCPStore>(ranks.meet.substr(0, colon), options);
}

}  // namespace

struct RankGroup::Backend {
  c10::intrusive_ptr<c10d::Backend> c10d;
};

base::Result<RankGroup> RankGroup::join(const Ranks& ranks, torch::Device device) {
  RankGroup group;
  group.ranks_ = ranks, group.device_ = device;
  if (ranks.count <= 1) return group;
  const auto store = meet_at(ranks);
  if (device.is_cuda()) {
#ifdef USE_C10D_NCCL
    group.backend_ = std::make_shared<Backend>(c10::make_intrusive<c10d::ProcessGroupNCCL>(store, ranks.rank, ranks.count));
    return group;
#else
    return base::fail(base::ErrorCode::Unsupported, "several processes on GPUs: the linked libtorch was built without NCCL and RCCL");
#endif
  }
  auto options = c10d::ProcessGroupGloo::Options::create(kPatience);
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("localhost"));
  if (ranks.meet.find(':') != std::string::npos) options->devices = {c10d::ProcessGroupGloo::createDefaultDevice()};
  group.backend_ = std::make_shared<Backend>(c10::make_intrusive<c10d::ProcessGroupGloo>(store, ranks.rank, ranks.count, options));
  return group;
}

void RankGroup::sum(torch::Tensor& values) {
  if (!backend_) return;
  std::vector<torch::Tensor> one{values};
  backend_->c10d->allreduce(one)->wait();
}

void RankGroup::sum(const std::vector<torch::Tensor>& tensors, std::span<double> numbers) {
  if (!backend_) return;
  const torch::NoGradGuard plain;
  if (!tensors.empty()) {
    std::vector<torch::Tensor> flat;
    for (const torch::Tensor& t : tensors) flat.push_back(t.reshape(-1));
    torch::Tensor all = torch::cat(flat);
    sum(all);
    std::int64_t at = 0;
    for (torch::Tensor t : tensors) t.copy_(all.narrow(0, at, t.numel()).view(t.sizes())), at += t.numel();
  }
  torch::Tensor few = torch::tensor(std::vector<double>(numbers.begin(), numbers.end()), torch::kFloat64).to(device_);
  sum(few);
  few = few.to(torch::kCPU);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = few[std::int64_t(i)].item<double>();
}

}  // namespace engine

#include "engine/generate/advance.h"

#include <algorithm>
#include <utility>

namespace engine {

torch::Tensor advance(Model& model, Session& session, torch::Device device, std::span<const tokenizer::TokenId> ids, LogitsOf wanted, std::stop_token stop) {
  torch::Tensor ids_T = torch::empty({std::int64_t(ids.size())}, torch::kInt64);
  std::copy(ids.begin(), ids.end(), ids_T.mutable_data_ptr<std::int64_t>());
  Batch batch = Batch::of(ids_T.to(device), session.cache);
  batch.stop = std::move(stop);
  const torch::Tensor logits = model.forward(batch, wanted);
  if (!logits.defined()) return logits;
  session.ids.insert(session.ids.end(), ids.begin(), ids.end());
  return logits.to(torch::kCPU).contiguous();  // the one wait for the device in a step
}

void cut_back(Session& session, std::size_t length) {
  if (session.ids.size() <= length) return;
  session.cache.truncate(std::int64_t(length));
  session.ids.resize(length);
}

}  // namespace engine

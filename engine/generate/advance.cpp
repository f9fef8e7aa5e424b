#include "engine/generate/advance.h"

#include <algorithm>
#include <utility>

namespace engine {

namespace {

torch::Tensor tensor_of(std::span<const tokenizer::TokenId> ids, torch::Device device) {
  torch::Tensor ids_T = torch::empty({std::int64_t(ids.size())}, torch::kInt64);
  std::copy(ids.begin(), ids.end(), ids_T.mutable_data_ptr<std::int64_t>());
  return ids_T.to(device);
}

}  // namespace

torch::Tensor advance(Model& model, Session& session, torch::Device device, std::span<const tokenizer::TokenId> ids, LogitsOf wanted, std::stop_token stop) {
  Batch batch = Batch::of(tensor_of(ids, device), session.cache);
  batch.stop = std::move(stop);
  const torch::Tensor logits = model.forward(batch, wanted);
  if (!logits.defined()) return logits;
  session.ids.insert(session.ids.end(), ids.begin(), ids.end());
  return logits.to(torch::kCPU).contiguous();  // the one wait for the device in a step
}

torch::Tensor advance_each(Model& model, std::span<Session* const> sessions, torch::Device device, std::span<const tokenizer::TokenId> ids, std::stop_token stop) {
  Batch batch{.ids_T = tensor_of(ids, device), .sequences = {}, .stop = std::move(stop)};
  for (Session* session : sessions) batch.sequences.push_back({&session->cache, 1});
  const torch::Tensor logits = model.forward(batch, LogitsOf::LastTokens);
  if (!logits.defined()) return logits;
  for (std::size_t i = 0; i < sessions.size(); ++i) sessions[i]->ids.push_back(ids[i]);
  return logits.to(torch::kCPU).contiguous();
}

void cut_back(Session& session, std::size_t length) {
  if (session.ids.size() <= length) return;
  session.cache.truncate(std::int64_t(length));
  session.ids.resize(length);
}

}  // namespace engine

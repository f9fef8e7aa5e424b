// session_pool.h: the prompts whose keys and values are kept, so that a prompt that starts like one computes only the rest.
// take() before a generation gives a session that holds what some earlier prompt shares with this one; tell it each token computed.
// Where much of that prompt would be lost, the session branches: it stays, and a copy of the shared rows goes on. All documents
// and clients share the sessions under one memory budget, least recently used out first. Owned by the engine; engine thread only.
#pragma once

#include <list>
#include <span>
#include <vector>

#include "engine/cache/kv_cache.h"
#include "engine/config.h"
#include "tokenizer/tokenizer.h"

namespace engine {

struct Session {
  KvCache cache;
  std::vector<tokenizer::TokenId> ids;  // ids.size() == cache.length() between forward passes
};

// How many ids both begin with.
std::size_t shared_prefix(std::span<const tokenizer::TokenId> a, std::span<const tokenizer::TokenId> b);

class SessionPool {
 public:
  SessionPool(const ModelConfig& config, torch::Device device, torch::Dtype dtype, std::size_t most_sessions, std::int64_t budget_bytes);

  // A session whose ids are a prefix of the prompt, shorter than it (the last token is always computed).
  Session& take(std::span<const tokenizer::TokenId> prompt);

  // How many of the prompt's first tokens take() would find.
  std::size_t shared(std::span<const tokenizer::TokenId> prompt) const;

  // Drops every session but the one in use: for a device that ran out of memory.
  void clear();
  void forget();  // every one: the model is no longer the one that computed them
  std::size_t size() const { return sessions_.size(); }

 private:
  Session& add(Session session);
  void keep_budget();

  ModelConfig config_;
  torch::Device device_;
  torch::Dtype dtype_;
  std::size_t most_sessions_;
  std::int64_t budget_bytes_;
  std::list<Session> sessions_;  // most recently used first
};

}  // namespace engine

#include "engine/cache/session_pool.h"

#include <algorithm>

namespace engine {
namespace {

using tokenizer::TokenId;

std::size_t shared_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  const auto [at, ignored] = std::mismatch(a.begin(), a.begin() + std::ptrdiff_t(std::min(a.size(), b.size())), b.begin());
  return std::size_t(at - a.begin());
}

}  // namespace

SessionPool::SessionPool(const ModelConfig& config, torch::Device device, torch::Dtype dtype, std::size_t most_sessions,
                         std::int64_t budget_bytes)
    : config_(config), device_(device), dtype_(dtype), most_sessions_(std::max<std::size_t>(1, most_sessions)), budget_bytes_(budget_bytes) {}

Session& SessionPool::fresh() {
  sessions_.push_front({KvCache(config_.layers, config_.kv_heads, config_.head_width, device_, dtype_), {}});
  return sessions_.front();
}

void SessionPool::keep_budget() {
  const auto bytes = [&] {
    std::int64_t sum = 0;
    for (const Session& session : sessions_) sum += session.cache.bytes();
    return sum;
  };
  while (sessions_.size() > 1 && (sessions_.size() > most_sessions_ || bytes() > budget_bytes_)) sessions_.pop_back();
}

Session& SessionPool::take(std::span<const TokenId> prompt) {
  const std::span<const TokenId> reusable = prompt.first(prompt.size() - 1);
  auto best = sessions_.end();
  std::size_t shared = 0;
  for (auto it = sessions_.begin(); it != sessions_.end(); ++it)
    if (const std::size_t here = shared_prefix(it->ids, reusable); here > shared) best = it, shared = here;

  // A session that shares only a little (the same header, say) belongs to another document: leave it alone while there is room.
  const bool worth_it = best != sessions_.end() && (shared * 2 >= best->ids.size() || shared * 2 >= prompt.size());
  if (!worth_it && sessions_.size() < most_sessions_) {
    Session& session = fresh();
    keep_budget();
    return session;
  }
  if (best == sessions_.end() || !worth_it) best = std::prev(sessions_.end()), shared = shared_prefix(best->ids, reusable);
  sessions_.splice(sessions_.begin(), sessions_, best);
  best->ids.resize(shared);
  best->cache.truncate(std::int64_t(shared));
  keep_budget();
  return *best;
}

void SessionPool::clear() { sessions_.clear(); }

}  // namespace engine

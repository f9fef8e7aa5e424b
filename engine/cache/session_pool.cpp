#include "engine/cache/session_pool.h"

#include <algorithm>

namespace engine {
namespace {

using tokenizer::TokenId;

constexpr std::size_t kCheapTail = 64;      // tokens that are sooner computed again than kept: what was typed, a suggestion
constexpr std::size_t kWorthCopying = 32;  // fewer shared ones are not

}  // namespace

std::size_t shared_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  return std::size_t(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

SessionPool::SessionPool(const ModelConfig& config, torch::Device device, torch::Dtype dtype, std::size_t most_sessions,
                         std::int64_t budget_bytes)
    : config_(config), device_(device), dtype_(dtype), most_sessions_(std::max<std::size_t>(1, most_sessions)), budget_bytes_(budget_bytes) {}

Session& SessionPool::add(Session session) {
  sessions_.push_front(std::move(session));
  keep_budget();
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

  // What shares only a little (the same header, say) belongs to another document.
  if (best == sessions_.end() || (shared < std::min(kWorthCopying, reusable.size()) && shared * 2 < best->ids.size()))
    return add({KvCache(config_.layers, config_.kv_heads, config_.head_width, device_, dtype_), {}});
  if (best->ids.size() - shared > kCheapTail) {
    Session branch{best->cache.copy_of_first(std::int64_t(shared)), {best->ids.begin(), best->ids.begin() + std::ptrdiff_t(shared)}};
    sessions_.splice(sessions_.begin(), sessions_, best);
    return add(std::move(branch));
  }
  sessions_.splice(sessions_.begin(), sessions_, best);
  best->ids.resize(shared);
  best->cache.truncate(std::int64_t(shared));
  keep_budget();
  return *best;
}

std::size_t SessionPool::shared(std::span<const TokenId> prompt) const {
  std::size_t most = 0;
  for (const Session& session : sessions_) most = std::max(most, shared_prefix(session.ids, prompt));
  return most;
}

void SessionPool::forget() { sessions_.clear(); }

void SessionPool::clear() { sessions_.clear(); }

}  // namespace engine

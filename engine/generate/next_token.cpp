#include "engine/generate/next_token.h"

#include <algorithm>
#include <limits>

#include "engine/kernels/kernels.h"

namespace engine {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

void mix(std::span<float> logits, const GenerateRequest& request, std::span<const TokenId> so_far) {
  if (request.mix) request.mix(so_far, logits);
}

void steer(std::span<float> logits, const GenerateRequest& request, std::span<const TokenId> so_far) {
  for (const TokenId id : request.banned_ids)
    if (id >= 0 && std::size_t(id) < logits.size()) logits[std::size_t(id)] = kNever;
  if (request.steer) request.steer(so_far, logits);
}

bool is_steered(const GenerateRequest& request) { return !request.banned_ids.empty() || request.steer; }

}  // namespace

GeneratedToken next_token(std::span<float> logits, const GenerateRequest& request, std::span<const TokenId> so_far, Random& random) {
  mix(logits, request, so_far);
  std::vector<float> own;
  if (is_steered(request)) own.assign(logits.begin(), logits.end());
  steer(logits, request, so_far);
  const TokenId id = choose(logits, request.sampling, random);
  return {id, log_probability(own.empty() ? std::span<const float>(logits) : std::span<const float>(own), id)};
}

std::vector<NextToken> next_tokens(std::span<float> logits, const GenerateRequest& request, std::span<const TokenId> so_far, std::size_t most) {
  mix(logits, request, so_far);
  const auto normal = float(kernels().fused->log_sum_exp(logits.data(), std::int64_t(logits.size())));
  std::vector<float> own;
  if (is_steered(request)) own.assign(logits.begin(), logits.end());
  steer(logits, request, so_far);
  std::vector<NextToken> out;
  const auto likelier = [](const NextToken& a, const NextToken& b) { return a.promise != b.promise ? a.promise > b.promise : a.id < b.id; };
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] == kNever) continue;
    const float promise = logits[i] - normal;
    if (out.size() == most && promise <= out.back().promise) continue;
    const NextToken token{TokenId(i), (own.empty() ? logits[i] : own[i]) - normal, promise};
    if (out.size() == most) out.pop_back();
    out.insert(std::upper_bound(out.begin(), out.end(), token, likelier), token);
  }
  return out;
}

}  // namespace engine

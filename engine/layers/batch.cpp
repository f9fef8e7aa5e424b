#include "engine/layers/batch.h"

namespace engine {

torch::Tensor Batch::positions() const {
  std::vector<torch::Tensor> parts;
  for (const Sequence& s : sequences) parts.push_back(torch::arange(s.cached(), s.cached() + s.count, ids_T.options()));
  return parts.size() == 1 ? parts.front() : torch::cat(parts);
}

torch::Tensor Batch::rows_of(const torch::Tensor& x_TD, LogitsOf wanted) const {
  if (wanted == LogitsOf::EveryToken) return x_TD;
  std::vector<torch::Tensor> last;
  std::int64_t end = 0;
  for (const Sequence& s : sequences) last.push_back(x_TD.narrow(0, (end += s.count) - 1, 1));
  return last.size() == 1 ? last.front() : torch::cat(last);
}

void Batch::advance() const {
  for (const Sequence& s : sequences)
    if (s.cache) s.cache->advance(s.count);
}

}  // namespace engine

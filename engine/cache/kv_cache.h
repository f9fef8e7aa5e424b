// kv_cache.h: the keys and values of the tokens a session has already seen, layer by layer.
// In a forward pass each layer append()s its new rows, then advance() once; truncate() when a prompt diverges.
// Grows by doubling, so a token allocates nothing; owned by one session, used on the engine thread.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace engine {

class KvCache {
 public:
  KvCache(std::int64_t layers, std::int64_t kv_heads, std::int64_t head_width, torch::Device device, torch::Dtype dtype);

  std::int64_t length() const { return length_; }
  std::int64_t bytes() const;
  static std::int64_t bytes_per_token(std::int64_t layers, std::int64_t kv_heads, std::int64_t head_width, torch::Dtype dtype);

  struct View {
    torch::Tensor keys_KSD, values_KSD;  // [kv_heads, cached + new, head_width]
  };
  // Writes this layer's new rows, [kv_heads, T, head_width], behind the cached ones and returns all of them.
  View append(std::int64_t layer, const torch::Tensor& keys_KTD, const torch::Tensor& values_KTD);
  void advance(std::int64_t tokens) { length_ += tokens; }
  void truncate(std::int64_t length);  // <= length()
  // Another cache with the first `length` tokens: some milliseconds where computing them takes seconds.
  KvCache copy_of_first(std::int64_t length) const;
  // This cache becomes like `other`, with whom it shares the first `same` tokens: only what is behind them is copied.
  void take_rows(const KvCache& other, std::int64_t same);

  // For kernels that write rows themselves: room for this many tokens (a multiple of 64 in all), and a layer's memory, all of it.
  void reserve(std::int64_t tokens);
  View held(std::int64_t layer) const { return {keys_[size_t(layer)], values_[size_t(layer)]}; }

 private:
  std::int64_t kv_heads_, head_width_;
  torch::TensorOptions options_;
  std::int64_t length_ = 0, capacity_ = 0;
  std::vector<torch::Tensor> keys_, values_;  // one a layer, [kv_heads, capacity, head_width]
};

}  // namespace engine

#include "engine/cache/kv_cache.h"

#include <algorithm>

namespace engine {

KvCache::KvCache(std::int64_t layers, std::int64_t kv_heads, std::int64_t head_width, torch::Device device, torch::Dtype dtype)
    : kv_heads_(kv_heads), head_width_(head_width), options_(torch::TensorOptions().device(device).dtype(dtype)),
      keys_(size_t(layers)), values_(size_t(layers)) {}

std::int64_t KvCache::bytes_per_token(std::int64_t layers, std::int64_t kv_heads, std::int64_t head_width, torch::Dtype dtype) {
  return 2 * layers * kv_heads * head_width * std::int64_t(torch::elementSize(dtype));
}

std::int64_t KvCache::bytes() const {
  return bytes_per_token(std::int64_t(keys_.size()), kv_heads_, head_width_, torch::typeMetaToScalarType(options_.dtype())) * capacity_;
}

void KvCache::reserve(std::int64_t tokens) {
  if (tokens <= capacity_) return;
  const std::int64_t wanted = (std::max<std::int64_t>({256, capacity_ * 2, tokens}) + 63) / 64 * 64;
  const std::int64_t kept = std::min((length_ + 63) / 64 * 64, capacity_);  // a kernel may store tokens in blocks
  const auto grow = [&](torch::Tensor& held) {
    torch::Tensor larger = torch::empty({kv_heads_, wanted, head_width_}, options_);
    if (kept > 0) larger.narrow(1, 0, kept).copy_(held.narrow(1, 0, kept));
    held = std::move(larger);
  };
  for (torch::Tensor& held : keys_) grow(held);
  for (torch::Tensor& held : values_) grow(held);
  capacity_ = wanted;
}

KvCache::View KvCache::append(std::int64_t layer, const torch::Tensor& keys_KTD, const torch::Tensor& values_KTD) {
  const std::int64_t count = keys_KTD.size(1);
  if (layer == 0) reserve(length_ + count);
  torch::Tensor& keys = keys_[size_t(layer)];
  torch::Tensor& values = values_[size_t(layer)];
  keys.narrow(1, length_, count).copy_(keys_KTD);
  values.narrow(1, length_, count).copy_(values_KTD);
  return {keys.narrow(1, 0, length_ + count), values.narrow(1, 0, length_ + count)};
}

void KvCache::truncate(std::int64_t length) { length_ = std::min(length_, std::max<std::int64_t>(0, length)); }

}  // namespace engine

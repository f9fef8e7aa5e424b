#include "engine/cache/kv_cache.h"

#include <algorithm>
#include <cstring>

namespace engine {
namespace {

// Rows [first, rows) of each head. On the host without libtorch's threads: where cores are busy, a copy of 19 MB that takes 0.7 ms
// waited 480 ms for them.
void copy_rows(const torch::Tensor& from_KSD, const torch::Tensor& to_KSD, std::int64_t rows, std::int64_t first = 0) {
  if (rows <= first) return;
  if (!from_KSD.is_cpu()) {
    to_KSD.narrow(1, first, rows - first).copy_(from_KSD.narrow(1, first, rows - first));
    return;
  }
  const size_t row_bytes = size_t(from_KSD.size(2)) * from_KSD.element_size(), begin = size_t(first) * row_bytes, bytes = size_t(rows - first) * row_bytes;
  const auto head_bytes = [](const torch::Tensor& held) { return size_t(held.stride(0)) * held.element_size(); };
  const auto* source = static_cast<const char*>(from_KSD.const_data_ptr());
  auto* target = static_cast<char*>(to_KSD.mutable_data_ptr());
  for (std::int64_t head = 0; head < from_KSD.size(0); ++head)
    std::memcpy(target + size_t(head) * head_bytes(to_KSD) + begin, source + size_t(head) * head_bytes(from_KSD) + begin, bytes);
}

}  // namespace

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
    if (kept > 0) copy_rows(held, larger, kept);
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

KvCache KvCache::copy_of_first(std::int64_t length) const {
  KvCache copy(std::int64_t(keys_.size()), kv_heads_, head_width_, options_.device(), torch::typeMetaToScalarType(options_.dtype()));
  copy.length_ = std::clamp<std::int64_t>(length, 0, length_);
  if (copy.length_ == 0) return copy;
  const std::int64_t rows = std::min((copy.length_ + 63) / 64 * 64, capacity_);  // whole blocks, as a kernel may store them
  copy.capacity_ = std::min(capacity_, (copy.length_ + copy.length_ / 4 + 256 + 63) / 64 * 64);  // room to type and to write
  for (const auto& [from, to] : {std::pair{&keys_, &copy.keys_}, std::pair{&values_, &copy.values_}})
    for (size_t layer = 0; layer < from->size(); ++layer) {
      (*to)[layer] = torch::empty({kv_heads_, copy.capacity_, head_width_}, options_);
      copy_rows((*from)[layer], (*to)[layer], rows);
    }
  return copy;
}

void KvCache::take_rows(const KvCache& other, std::int64_t same) {
  length_ = std::min({same, length_, other.length_});
  reserve(other.length_);
  const std::int64_t first = length_ / 64 * 64, rows = std::min((other.length_ + 63) / 64 * 64, std::min(capacity_, other.capacity_));  // whole blocks
  for (size_t layer = 0; layer < keys_.size(); ++layer) {
    copy_rows(other.keys_[layer], keys_[layer], rows, first);
    copy_rows(other.values_[layer], values_[layer], rows, first);
  }
  length_ = other.length_;
}

void KvCache::truncate(std::int64_t length) { length_ = std::min(length_, std::max<std::int64_t>(0, length)); }

}  // namespace engine

// What is appended comes back, layer by layer; truncation forgets; growth keeps and is rare.
#include "engine/cache/kv_cache.h"

#include <array>

#include "support/catch.h"

namespace {

using engine::KvCache;
using torch::Tensor;

constexpr std::int64_t kLayers = 2, kHeads = 3, kWidth = 4;

// Rows whose values say which layer, head and token they belong to.
Tensor rows(std::int64_t layer, std::int64_t first, std::int64_t count) {
  const Tensor tokens = torch::arange(first, first + count, torch::kFloat32).view({1, count, 1});
  return (tokens + 1000 * layer + 10000 * torch::arange(kHeads, torch::kFloat32).view({kHeads, 1, 1})).expand({kHeads, count, kWidth});
}

// Appends `count` tokens to every layer and checks that each sees all of them.
void append(KvCache& cache, std::int64_t count) {
  const std::int64_t length = cache.length();
  for (std::int64_t layer = 0; layer < kLayers; ++layer) {
    const KvCache::View seen = cache.append(layer, rows(layer, length, count), -rows(layer, length, count));
    CHECK(torch::equal(seen.keys_KSD, rows(layer, 0, length + count)));
    CHECK(torch::equal(seen.values_KSD, -rows(layer, 0, length + count)));
  }
  cache.advance(count);
}

}  // namespace

TEST_CASE("kv cache: tokens come back in order, whole or one at a time, across growth") {
  KvCache cache(kLayers, kHeads, kWidth, torch::kCPU, torch::kFloat32);
  CHECK(cache.bytes() == 0);
  append(cache, 5);
  for (int i = 0; i < 3; ++i) append(cache, 1);
  append(cache, 700);
  append(cache, 1);
  CHECK(cache.length() == 709);
}

TEST_CASE("kv cache: after a truncation the new rows replace the old ones") {
  KvCache cache(kLayers, kHeads, kWidth, torch::kCPU, torch::kFloat32);
  for (std::int64_t layer = 0; layer < kLayers; ++layer) cache.append(layer, torch::zeros({kHeads, 6, kWidth}), torch::zeros({kHeads, 6, kWidth}));
  cache.advance(6);
  cache.truncate(0);
  append(cache, 4);
  cache.truncate(9);  // longer than it is: nothing to cut
  CHECK(cache.length() == 4);
  cache.truncate(2);
  append(cache, 3);
  cache.truncate(-1);
  CHECK(cache.length() == 0);
}

TEST_CASE("kv cache: a copy of the first tokens is a cache of its own") {
  KvCache cache(kLayers, kHeads, kWidth, torch::kCPU, torch::kFloat32);
  append(cache, 200);
  for (const std::int64_t length : {0, 1, 64, 100, 199, 200, 999}) {
    KvCache copy = cache.copy_of_first(length);
    CHECK(copy.length() == std::min<std::int64_t>(length, 200));
    append(copy, 3);
    append(copy, 700);
  }
  append(cache, 5);  // nothing of the copies' rows is in it
}

TEST_CASE("kv cache: becoming like another copies what differs, and no more is shared") {
  for (const auto& [same, ours, theirs] : {std::array{0, 0, 5}, {3, 3, 70}, {64, 64, 65}, {100, 130, 103}, {100, 101, 700}, {20, 200, 20}}) {
    KvCache other(kLayers, kHeads, kWidth, torch::kCPU, torch::kFloat32), cache(kLayers, kHeads, kWidth, torch::kCPU, torch::kFloat32);
    append(other, theirs);
    if (same > 0) append(cache, same);
    for (std::int64_t layer = 0; ours > same && layer < kLayers; ++layer) cache.append(layer, torch::zeros({kHeads, ours - same, kWidth}), torch::zeros({kHeads, ours - same, kWidth}));
    cache.advance(ours - same);
    cache.take_rows(other, same);
    CHECK(cache.length() == theirs);
    append(cache, 3);
    append(other, 2);
  }
}

TEST_CASE("kv cache: a token allocates nothing until the room is used up") {
  KvCache cache(kLayers, kHeads, kWidth, torch::kCPU, torch::kBFloat16);
  const auto grow_by_one = [&] {
    for (std::int64_t layer = 0; layer < kLayers; ++layer) cache.append(layer, rows(layer, 0, 1), rows(layer, 0, 1));
    cache.advance(1);
    return cache.bytes();
  };
  const std::int64_t first = grow_by_one();
  CHECK(first == 256 * KvCache::bytes_per_token(kLayers, kHeads, kWidth, torch::kBFloat16));
  for (int i = 1; i < 256; ++i) REQUIRE(grow_by_one() == first);
  CHECK(grow_by_one() == 2 * first);
}

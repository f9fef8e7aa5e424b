#include "engine/layers/tile_products.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#define RIGPILOT_TILES 1
#endif

namespace engine {

#ifdef RIGPILOT_TILES
namespace {

#define RIGPILOT_AMX __attribute__((target("amx-tile,amx-bf16")))

constexpr std::int64_t kRows = 16, kInner = 32;  // of a tile: 16 rows of 64 bytes

struct alignas(64) TileConfig {
  std::uint8_t palette = 0, start_row = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {};
  std::uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

constexpr TileConfig whole_tiles() {
  TileConfig config;
  config.palette = 1;
  for (int i = 0; i < 8; ++i) config.bytes[i] = 64, config.rows[i] = kRows;
  return config;
}

class Configured {
 public:
  RIGPILOT_AMX Configured() {
    _tile_storeconfig(&before_);
    static constexpr TileConfig kWhole = whole_tiles();
    _tile_loadconfig(&kWhole);
  }
  RIGPILOT_AMX ~Configured() { _tile_loadconfig(&before_); }
  Configured(const Configured&) = delete;
  Configured& operator=(const Configured&) = delete;

 private:
  TileConfig before_;
};

bool has_unit() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24;
  return (d & kBf16) && (d & kTile);
}

// Linux gives the unit's 8 KB of state only to processes that ask (arch_prctl(2)).
bool may_use_unit() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

// 16 R rows and 16 S columns of C, in tiles from first to last.
template <int R, int S>
RIGPILOT_AMX void block(const Product& p, const Bf16* a, const Bf16* b, float* c) {
  const std::int64_t a_bytes = p.a_stride * 2, b_bytes = p.b_stride * 4, c_bytes = p.c_stride * 4;
  float* const below = c + kRows * p.c_stride;
  if (p.adds) {
    _tile_loadd(0, c, c_bytes);
    if constexpr (S > 1) _tile_loadd(1, c + kRows, c_bytes);
    if constexpr (R > 1) _tile_loadd(2, below, c_bytes);
    if constexpr (R > 1 && S > 1) _tile_loadd(3, below + kRows, c_bytes);
  } else {
    _tile_zero(0);
    if constexpr (S > 1) _tile_zero(1);
    if constexpr (R > 1) _tile_zero(2);
    if constexpr (R > 1 && S > 1) _tile_zero(3);
  }
  for (std::int64_t k = 0; k < p.inner; k += kInner, a += kInner, b += kInner * p.b_stride) {
    _tile_loadd(4, a, a_bytes);
    _tile_loadd(6, b, b_bytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (S > 1) {
      _tile_loadd(7, b + 2 * kRows, b_bytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (R > 1) {
      _tile_loadd(5, a + kRows * p.a_stride, a_bytes);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (R > 1 && S > 1) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  if constexpr (S > 1) _tile_stored(1, c + kRows, c_bytes);
  if constexpr (R > 1) _tile_stored(2, below, c_bytes);
  if constexpr (R > 1 && S > 1) _tile_stored(3, below + kRows, c_bytes);
}

template <int S>
RIGPILOT_AMX void columns(const Product& p, const Bf16* a, const Bf16* b, float* c) {
  std::int64_t r = 0;
  for (; r + 2 * kRows <= p.rows; r += 2 * kRows) block<2, S>(p, a + r * p.a_stride, b, c + r * p.c_stride);
  if (r < p.rows) block<1, S>(p, a + r * p.a_stride, b, c + r * p.c_stride);
}

}  // namespace

bool can_tile() {
  static const bool can = has_unit() && may_use_unit();
  return can;
}

bool fits_tiles(const Product& p) { return p.rows % kRows == 0 && p.columns % kRows == 0 && p.inner % kInner == 0; }

RIGPILOT_AMX void multiply_by_tiles(const Product& p, const Bf16* a, const Bf16* b, float* c) {
  const Configured tiles;
  std::int64_t first = 0;
  for (; first + 2 * kRows <= p.columns; first += 2 * kRows) columns<2>(p, a, b + 2 * first, c + first);
  if (first < p.columns) columns<1>(p, a, b + 2 * first, c + first);
}

#else

bool can_tile() { return false; }
bool fits_tiles(const Product&) { return false; }
void multiply_by_tiles(const Product&, const Bf16*, const Bf16*, float*) {}

#endif

}  // namespace engine

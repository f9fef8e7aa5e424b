#include "app/finetune/near_duplicates.h"

#include <algorithm>
#include <cctype>
#include <limits>

namespace app {
namespace {

constexpr std::size_t kBands = 16, kRows = 4;  // of two sets that share 80 %, 2 in 10,000 are missed
constexpr std::size_t kFewNames = 8;           // less than that says little: only the same text is the same

std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

std::uint64_t fnv(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }

}  // namespace

NearDuplicates::Names NearDuplicates::names_of(std::string_view text) {
  std::vector<std::uint64_t> all;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && in_name(text[end])) ++end;
    if (end > i && !std::isdigit(static_cast<unsigned char>(text[i]))) all.push_back(mixed(fnv(text.substr(i, end - i))));
    i = std::max(end, i + 1);
  }
  std::ranges::sort(all);
  Names names;
  for (const std::uint64_t hash : all)
    if (names.empty() || names.back().hash != hash) names.push_back({hash, 1});
    else ++names.back().count;
  if (names.size() < kFewNames) names = {{fnv(text), 1}};
  return names;
}

std::vector<std::uint64_t> NearDuplicates::bands_of(const Names& names) {
  std::vector<std::uint64_t> bands;
  for (std::size_t band = 0; band < kBands; ++band) {
    std::uint64_t key = band;
    for (std::size_t row = 0; row < kRows; ++row) {
      const std::uint64_t salt = mixed(1 + band * kRows + row);
      std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
      for (const Name& name : names) least = std::min(least, mixed(name.hash ^ salt));
      key = mixed(key ^ least);
    }
    bands.push_back(key);
  }
  return bands;
}

bool NearDuplicates::alike(const Names& a, const Names& b) {
  std::size_t shared = 0, either = 0, shared_all = 0, either_all = 0;
  for (std::size_t i = 0, k = 0; i < a.size() || k < b.size();) {
    const std::uint64_t x = i < a.size() ? a[i].hash : std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t y = k < b.size() ? b[k].hash : std::numeric_limits<std::uint64_t>::max();
    const std::uint32_t of_a = x <= y ? a[i].count : 0, of_b = y <= x ? b[k].count : 0;
    shared += of_a > 0 && of_b > 0, ++either;
    shared_all += std::min(of_a, of_b), either_all += std::max(of_a, of_b);
    i += of_a > 0, k += of_b > 0;
  }
  return double(shared) >= 0.8 * double(either) && double(shared_all) >= 0.7 * double(either_all);
}

bool NearDuplicates::like_one(const Names& names, const std::vector<std::uint64_t>& bands) const {
  for (const std::uint64_t band : bands) {
    const auto found = by_band_.find(band);
    if (found == by_band_.end()) continue;
    for (const std::uint32_t i : found->second)
      if (alike(seen_[i], names)) return true;
  }
  return false;
}

bool NearDuplicates::like_one(std::string_view text) const {
  const Names names = names_of(text);
  return like_one(names, bands_of(names));
}

bool NearDuplicates::add(std::string_view text) {
  Names names = names_of(text);
  const std::vector<std::uint64_t> bands = bands_of(names);
  if (like_one(names, bands)) return false;
  for (const std::uint64_t band : bands) by_band_[band].push_back(std::uint32_t(seen_.size()));
  seen_.push_back(std::move(names));
  return true;
}

}  // namespace app

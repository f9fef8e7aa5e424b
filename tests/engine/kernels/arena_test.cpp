// What an arena gives is zero, aligned and apart; its memory becomes huge pages where the kernel has them, and outlives it.
#include "engine/kernels/arena.h"

#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "support/catch.h"

namespace {

using engine::AlignedBytes;
using engine::Arena;

constexpr std::int64_t kMegabyte = std::int64_t(1) << 20;

// Bytes of the mapping at `p` that are huge pages now.
std::int64_t huge_bytes(const void* p) {
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long long from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%llx-%llx ", &from, &to) == 2 && line.find(':') > line.find('-')) inside = reinterpret_cast<std::uintptr_t>(p) >= from && reinterpret_cast<std::uintptr_t>(p) < to;
    if (inside && line.starts_with("AnonHugePages:")) return std::atoll(line.c_str() + 14) * 1024;
  }
  return 0;
}

bool huge_pages_are_on() {
  std::ifstream in("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string modes;
  std::getline(in, modes);
  return modes.find('[') != std::string::npos && modes.find("[never]") == std::string::npos;
}

}  // namespace

TEST_CASE("an arena's parts are zero, aligned, apart, and outlive it") {
  std::vector<AlignedBytes> parts;
  const std::vector<std::int64_t> sizes = {1, 64, 100, 3 * kMegabyte, 0, 200000, 70 * kMegabyte, 7, 60 * kMegabyte + 1, 5, 60 * kMegabyte};
  {
    Arena arena;
    for (const std::int64_t size : sizes) parts.push_back(arena.take(size));
    CHECK(arena.chunks().size() == 4);  // of 64 MB; one larger; what did not fit behind
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    REQUIRE(parts[i].size() == sizes[i]);
    if (sizes[i] == 0) continue;
    auto* const bytes = parts[i].as<unsigned char>();
    REQUIRE(reinterpret_cast<std::uintptr_t>(bytes) % 64 == 0);
    REQUIRE(bytes[0] == 0);
    REQUIRE(bytes[sizes[i] - 1] == 0);
    REQUIRE(bytes[sizes[i] / 2] == 0);
    std::memset(bytes, int(i + 1), std::size_t(std::min<std::int64_t>(sizes[i], 4096)));
    bytes[sizes[i] - 1] = static_cast<unsigned char>(i + 1);
  }
  for (std::size_t i = 0; i < parts.size(); ++i)  // nobody wrote into another's
    if (sizes[i] > 0) CHECK((parts[i].as<unsigned char>()[0] == i + 1 && parts[i].as<unsigned char>()[sizes[i] - 1] == i + 1));
}

TEST_CASE("small pages are gathered into huge ones with what they hold, while others read it") {
  Arena arena;
  const AlignedBytes part = arena.take(8 * kMegabyte);
  auto* const words = part.as<std::uint32_t>();
  const std::size_t count = std::size_t(part.size()) / 4;
  for (std::size_t i = 0; i < count; ++i) words[i] = std::uint32_t(i * 2654435761U);
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      for (std::size_t i = 0; i < count; i += 997)
        if (words[i] != std::uint32_t(i * 2654435761U)) std::abort();
  });
  const std::int64_t gathered = engine::gather_pages(arena.chunks(), {});
  reader.request_stop();
  reader.join();
  for (std::size_t i = 0; i < count; ++i) REQUIRE(words[i] == std::uint32_t(i * 2654435761U));
  if (gathered > 0) CHECK(huge_bytes(words) >= gathered * 2 * kMegabyte);
  if (!huge_pages_are_on()) CHECK(gathered == 0);
}

TEST_CASE("gathering stops when asked") {
  Arena arena;
  const AlignedBytes part = arena.take(8 * kMegabyte);
  std::stop_source stop;
  stop.request_stop();
  CHECK(engine::gather_pages(arena.chunks(), stop.get_token()) == 0);
}

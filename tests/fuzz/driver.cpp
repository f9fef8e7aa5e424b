// The fuzzer of a build without libFuzzer: replays the seeds, then mutates them for a while, the same way every time.
//   fuzz_NAME SEEDS_FOLDER [SECONDS]     fuzz_NAME FILE...
// An input that kills the process is left in fuzz_crash.bin in the current folder.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

const Bytes* running = nullptr;  // for the handler below, which can be given nothing

void keep_the_killer() {
  if (!running) return;
  const int file = ::open("fuzz_crash.bin", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || ::write(file, running->data(), running->size()) < 0) return;
  ::close(file);
}
void on_signal(int signal) {
  keep_the_killer();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const Bytes& input) {
  // An exact allocation, so that a sanitizer sees a read beyond the end.
  const Bytes exact(input.begin(), input.end());
  running = &exact;
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  running = nullptr;
}

Bytes read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The bytes that parsers stumble over: ends of integer ranges, and what gives structure to text.
constexpr std::uint8_t kTelling[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xC3, 0xED, '"', '\\', '{', '}', '[', ']', ':', ',', '\r', '\n', '-', '0', '9', 'u', 'e'};

void mutate_once(Bytes& bytes, const Bytes& other, std::mt19937& random) {
  const auto below = [&](std::size_t end) { return end == 0 ? 0 : std::size_t(random() % end); };
  const std::size_t at = below(bytes.size());
  const auto here = bytes.begin() + std::ptrdiff_t(at);
  const std::size_t length = std::min(bytes.size() - at, 1 + below(16));
  switch (random() % 8) {
    case 0: if (!bytes.empty()) *here = std::uint8_t(random()); break;
    case 1: if (!bytes.empty()) *here ^= std::uint8_t(1U << (random() % 8)); break;
    case 2: if (!bytes.empty()) *here = kTelling[below(std::size(kTelling))]; break;
    case 3: bytes.insert(here, kTelling[below(std::size(kTelling))]); break;
    case 4: bytes.erase(here, here + std::ptrdiff_t(length)); break;
    case 5: std::fill_n(here, length, random() % 2 ? 0xFF : 0x00); break;
    case 6: bytes.resize(at); break;
    default:  // a piece of another seed
      if (!other.empty()) {
        const std::size_t from = below(other.size()), count = std::min(other.size() - from, 1 + below(64));
        bytes.insert(here, other.begin() + std::ptrdiff_t(from), other.begin() + std::ptrdiff_t(from + count));
      }
  }
}

int fuzz(std::vector<Bytes> seeds, double seconds) {
  std::mt19937 random(1);
  seeds.push_back({});
  const auto start = std::chrono::steady_clock::now();
  long runs = 0;
  for (; std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds; ++runs) {
    Bytes input = seeds[random() % seeds.size()];
    const Bytes& other = seeds[random() % seeds.size()];
    for (auto steps = 1 + random() % 6; steps > 0; --steps) mutate_once(input, other, random);
    run(input);
  }
  std::printf("%zu seeds and %ld mutations of them: no crash\n", seeds.size() - 1, runs);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s SEEDS_FOLDER [SECONDS], or FILE...\n", argv[0]);
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, on_signal);
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(keep_the_killer);
  if (!fs::is_directory(argv[1])) {
    for (int i = 1; i < argc; ++i) run(read(argv[i]));
    return 0;
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(argv[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());  // the folder's own order is the file system's
  std::vector<Bytes> seeds;
  for (const fs::path& file : files) seeds.push_back(read(file));
  if (seeds.empty()) {
    std::fprintf(stderr, "%s holds no seeds\n", argv[1]);
    return 1;
  }
  for (const Bytes& seed : seeds) run(seed);
  return fuzz(std::move(seeds), argc > 2 ? std::atof(argv[2]) : 2.0);
}

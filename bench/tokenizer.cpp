// How fast a vocabulary encodes: bench_tokenizer MODEL ROUNDS FILE... reads the files into memory, encodes each on one thread, and prints
// for each round the processor seconds and the number of ids. bench/encoding.py runs it beside the `tokenizers` library.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include "base/files.h"
#include "tokenizer/load.h"

int main(int count, char** arguments) {
  if (count < 4) return fmt::print(stderr, "usage: bench_tokenizer MODEL ROUNDS FILE...\n"), 2;
  const auto tokenizer = tokenizer::load_tokenizer(arguments[1]);
  if (!tokenizer) return fmt::print(stderr, "{}\n", tokenizer.error().message), 1;
  std::vector<std::string> texts;
  for (int i = 3; i < count; ++i) {
    auto text = base::read_file(arguments[i]);
    if (!text) return fmt::print(stderr, "{}\n", text.error().message), 1;
    texts.push_back(std::move(*text));
  }
  for (int round = 0; round < std::atoi(arguments[2]); ++round) {
    const std::clock_t start = std::clock();
    std::size_t ids = 0;
    for (const std::string& text : texts) ids += (*tokenizer)->encode(text).size();
    fmt::print("{:.6f} {}\n", double(std::clock() - start) / CLOCKS_PER_SEC, ids);
  }
}

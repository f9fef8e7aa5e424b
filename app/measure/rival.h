// rival.h: another program that generates from the same model, for side-by-side measurements: started with pipes, asked in lines.
// Rival::start() runs bench/llama_cpp_rival.py under a Python that has llama-cpp-python and waits until it has
// loaded; ask() sends one JSON line and waits for the answer's. The process ends with the object. Errors are
// one sentence.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include <sys/types.h>

#include "base/json.h"
#include "base/result.h"

namespace app {

struct RivalOptions {
  std::string python = "python3";
  std::filesystem::path script, model;
  int threads = 0, context = 0;
};

class Rival {
 public:
  static base::Result<Rival> start(const RivalOptions& options);
  Rival(Rival&& other) noexcept;
  Rival& operator=(Rival&&) = delete;
  ~Rival();

  double load_ms() const { return load_ms_; }
  base::Result<base::Json> ask(const base::Json& question);

 private:
  Rival() = default;
  base::Result<base::Json> read_line();

  ::pid_t process_ = -1;
  std::FILE *to_ = nullptr, *from_ = nullptr;
  double load_ms_ = 0;
};

}  // namespace app

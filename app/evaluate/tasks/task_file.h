// task_file.h: tasks with tests, as HumanEval-Infilling and HumanEval-X-FIM have them: code with a hole, what stood there, and a test.
// read_tasks() takes a file of JSON lines, or that file packed by gzip; draw_tasks() a seeded choice of them.
// Errors are one sentence naming the file, the line and the field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace app {

struct Task {
  std::string id;                       // "CPP/0/L3_6", "SingleLineInfilling/HumanEval/0/L0"
  std::string language;                 // "CPP", "Python": first part of the id; HumanEval-Infilling's are Python's
  std::string problem;                  // the id without its last part: holes in one solution are alike
  std::string prompt, suffix;           // what stands before and after the hole
  std::string canonical;                // what stood in it
  std::string test;                     // code that fails where the solution is wrong
  std::string entry_point;              // the function that HumanEval-Infilling's check() is called with; may be empty
};

base::Result<std::vector<Task>> read_tasks(const std::filesystem::path& file);
std::vector<Task> draw_tasks(std::vector<Task> tasks, std::uint64_t seed, std::size_t most);  // in their order; 0: all

}  // namespace app

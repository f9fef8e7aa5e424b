#include "app/evaluate/tasks/languages.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace app {
namespace {

// Tests that are not the program's last word could be left out by an early exit(0): these end with a code of their own.
constexpr int kAllRan = 77;

std::vector<TaskLanguage> languages() {
  using Steps = std::vector<std::vector<std::string>>;
  const std::vector<std::string> small_java = {"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"};
  std::vector<std::string> javac = {"javac"}, java = {"java"};
  for (const std::string& one : small_java) javac.push_back("-J" + one), java.push_back(one);
  javac.insert(javac.end(), {"-nowarn", "-d", ".", "Main.java"});
  java.insert(java.end(), {"-cp", ".", "Main"});
  return {
      {"Python", "Python", "python", "main.py", Steps{{"python3", "main.py"}}, kAllRan},
      {"CPP", "C++", "cpp", "main.cpp", Steps{{"c++", "-std=c++17", "-O0", "-w", "main.cpp", "-o", "main"}, {"./main"}}},
      {"Java", "Java", "java", "Main.java", Steps{std::move(javac), std::move(java)}, 0, true},
      {"JavaScript", "JavaScript", "javascript", "main.js", Steps{{"node", "--max-old-space-size=512", "main.js"}}, kAllRan, true},
      {"Rust", "Rust", "rust", "main.rs", Steps{{"rustc", "--edition", "2021", "--test", "--cap-lints", "allow", "main.rs", "-o", "main"}, {"./main", "-q", "--test-threads=1"}}},
  };
}

bool is_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0 && ::access((std::filesystem::path(rest.substr(0, end)) / program).c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

const std::vector<TaskLanguage>& task_languages() {
  static const std::vector<TaskLanguage> all = languages();
  return all;
}

const TaskLanguage* language_called(std::string_view key) {
  const auto found = std::ranges::find(task_languages(), key, &TaskLanguage::key);
  return found == task_languages().end() ? nullptr : &*found;
}

std::string program_of(const Task& task, const TaskLanguage& language, std::string_view code) {
  std::string out;
  if (language.editor == "javascript") out += "console.assert = (holds, ...why) => { if (!holds) throw new Error(why.join(' ') || 'assertion failed'); }; ";
  out += code;
  out += '\n' + task.test + '\n';
  if (!task.entry_point.empty() && language.editor == "python") out += "check(" + task.entry_point + ")\n";
  if (language.editor == "python") out += fmt::format("import os as _os\n_os._exit({})\n", kAllRan);
  if (language.editor == "javascript") out += fmt::format(";process.exit({});\n", kAllRan);
  return out;
}

std::string missing_tool(const TaskLanguage& language) {
  for (const auto& step : language.steps)
    if (!step.front().starts_with("./") && !is_in_path(step.front())) return step.front();
  return {};
}

}  // namespace app

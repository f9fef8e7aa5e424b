#include "app/evaluate/tasks/task_file.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "app/process/run_program.h"
#include "base/files.h"
#include "base/json.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;
using base::Result;

constexpr std::string_view kGzip = "\x1f\x8b";

Result<std::string> text_of(const std::filesystem::path& file) {
  auto text = base::read_file(file);
  if (!text || !text->starts_with(kGzip)) return text;
  auto unpacked = run_program({"gzip", "-dc", "--", std::filesystem::absolute(file).string()}, {});
  if (!unpacked) return fail(ErrorCode::InvalidInput, "{}: cannot be unpacked ({}): expected JSON lines, or those packed by gzip", file.string(), unpacked.error().message);
  return unpacked;
}

Result<Task> task_of(const Json& line) {
  Task out;
  const char* solution = base::find_field(line, "canonical_solution") ? "canonical_solution" : "canonical";
  const std::pair<const char*, std::string*> fields[] = {{"task_id", &out.id}, {"prompt", &out.prompt}, {"suffix", &out.suffix}, {solution, &out.canonical}, {"test", &out.test}};
  for (const auto& [name, value] : fields) {
    auto got = base::get<std::string>(line, name);
    if (!got) return base::forward(got);
    *value = *std::move(got);
  }
  auto entry = base::get_or<std::string>(line, "entry_point", "");
  if (!entry) return base::forward(entry);
  out.entry_point = *std::move(entry);
  out.language = out.id.substr(0, out.id.find('/'));
  if (out.language.ends_with("Infilling") || out.language.ends_with("InfillingLight") || out.language == "HumanEval") out.language = "Python";
  out.problem = out.id.substr(0, out.id.rfind('/'));
  return out;
}

}  // namespace

Result<std::vector<Task>> read_tasks(const std::filesystem::path& file) {
  const auto text = text_of(file);
  if (!text) return base::forward(text);
  std::vector<Task> out;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const std::string_view line = std::string_view(*text).substr(begin, end - begin);
    begin = end + 1, ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string where = fmt::format("{}:{}", file.string(), number);
    const auto json = base::parse_json(line, where);
    if (!json) return base::forward(json);
    auto task = task_of(*json);
    if (!task) return base::forward(task, where);
    out.push_back(*std::move(task));
  }
  if (out.empty()) return fail(ErrorCode::InvalidInput, "{}: holds no task: expected a line of JSON for each, with task_id, prompt, suffix, canonical_solution and test", file.string());
  return out;
}

std::vector<Task> draw_tasks(std::vector<Task> tasks, std::uint64_t seed, std::size_t most) {
  if (most == 0 || most >= tasks.size()) return tasks;
  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < most; ++i) std::swap(order[i], order[i + std::size_t(random() % (order.size() - i))]);
  order.resize(most);
  std::ranges::sort(order);
  std::vector<Task> out;
  for (const std::size_t i : order) out.push_back(std::move(tasks[i]));
  return out;
}

}  // namespace app

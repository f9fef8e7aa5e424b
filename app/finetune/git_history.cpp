#include "app/finetune/git_history.h"

#include <charconv>
#include <map>

#include "app/process/run_program.h"
#include "lsp/index/file_choice.h"

namespace app {
namespace {

struct Stored {
  std::string path, blob;
};

std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t end = std::min(text.find(mark), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// ":100644 100644 OLD NEW M\0path\0", again and again.
std::vector<Stored> read_log(std::string_view log, const HistoryLimits& limits) {
  std::vector<Stored> out;
  std::map<std::string, std::size_t> taken;
  while (!log.empty() && out.size() < limits.versions) {
    std::string_view facts = take_until(log, '\0');
    while (facts.starts_with('\n')) facts.remove_prefix(1);
    if (!facts.starts_with(':')) continue;
    const std::string path(take_until(log, '\0'));
    take_until(facts, ' ');
    const std::string_view mode = take_until(facts, ' ');
    take_until(facts, ' ');
    const std::string_view blob = take_until(facts, ' ');
    if (mode.starts_with("100") && lsp::name_refused(path, 0).empty() && taken[path]++ < limits.versions_each) out.push_back({path, std::string(blob)});
  }
  return out;
}

// "SHA blob SIZE\n", the bytes, "\n", for each that was asked for.
std::vector<PastVersion> read_batch(std::string_view batch, const std::vector<Stored>& wanted) {
  std::vector<PastVersion> out;
  for (const Stored& stored : wanted) {
    std::string_view head = take_until(batch, '\n');
    if (!head.starts_with(stored.blob)) break;
    const std::string_view size = head.substr(head.rfind(' ') + 1);
    std::size_t bytes = 0;
    if (std::from_chars(size.data(), size.data() + size.size(), bytes).ptr != size.data() + size.size() || bytes > batch.size()) continue;  // "missing"
    if (bytes <= lsp::kMostFileBytes) out.push_back({stored.path, std::string(batch.substr(0, bytes))});
    batch.remove_prefix(std::min(bytes + 1, batch.size()));
  }
  return out;
}

}  // namespace

base::Result<std::vector<PastVersion>> past_versions(const std::filesystem::path& folder, const HistoryLimits& limits) {
  const std::vector<std::string> git = {"git", "-C", folder.string(), "-c", "core.fsmonitor=false", "--no-pager", "--no-optional-locks"};
  std::vector<std::string> log = git, cat = git;
  for (const char* part : {"log", "--no-merges", "--no-renames", "--no-show-signature", "--no-textconv", "--no-ext-diff", "--diff-filter=AM", "--raw", "--no-abbrev", "--format=", "-z", "--relative"})
    log.push_back(part);
  log.push_back("-n" + std::to_string(limits.commits));
  log.insert(log.end(), {"--", "."});
  const auto told = run_program(log, {});
  if (!told) return base::forward(told);
  const std::vector<Stored> wanted = read_log(*told, limits);
  std::string blobs;
  for (const Stored& stored : wanted) blobs += stored.blob + "\n";
  cat.insert(cat.end(), {"cat-file", "--batch"});
  const auto batch = run_program(cat, blobs);
  if (!batch) return base::forward(batch);
  return read_batch(*batch, wanted);
}

}  // namespace app

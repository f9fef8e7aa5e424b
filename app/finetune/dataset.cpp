#include "app/finetune/dataset.h"

#include <algorithm>
#include <set>

#include "app/finetune/git_history.h"
#include "app/finetune/near_duplicates.h"
#include "base/files.h"
#include "base/json.h"
#include "base/utf8.h"
#include "engine/train/data/corpus_source.h"
#include "engine/random.h"
#include "lsp/context/lines.h"
#include "lsp/index/file_choice.h"
#include "lsp/index/walk.h"

namespace app {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kWorthMeasuring = 200;  // bytes: an empty __init__.py holds no hole

std::uint64_t number_of(std::string_view path, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return engine::seed_of({seed, hash});
}

struct HeldOut {
  std::set<std::string> validation, measured;
  bool contains(const std::string& path) const { return validation.contains(path) || measured.contains(path); }
};

// The same files for the same seed, whatever else is in the folder.
HeldOut choose_held_out(const Folder& folder, const DatasetOptions& options) {
  std::vector<std::pair<std::uint64_t, std::string>> order;
  for (const SourceFile& file : folder.code)
    if (file.text.size() >= kWorthMeasuring) order.emplace_back(number_of(file.path, options.seed), file.path);
  std::ranges::sort(order);
  const std::size_t most = order.empty() ? 0 : order.size() - 1;
  const std::size_t wanted = std::clamp<std::size_t>(std::size_t(double(order.size()) * options.held_out + 0.5), std::min<std::size_t>(1, most), most);
  const std::size_t validation = std::min(wanted, std::max<std::size_t>(1, wanted / 3));
  HeldOut out;
  for (std::size_t i = 0; i < wanted; ++i) (i < validation ? out.validation : out.measured).insert(order[i].second);
  if (wanted == 1) out.measured = out.validation;
  return out;
}

class Writer {
 public:
  Writer(std::string repository) : repository_(std::move(repository)) {}
  void add(const std::string& path, const std::string& text) {
    lines_ += base::dump_json({{"text", text}, {"path", path}, {"repo", repository_}}) + "\n";
    bytes_ += text.size();
  }
  void add_as_it_is(const engine::Document& document) {
    lines_ += base::dump_json({{"text", document.text}, {"path", document.path}, {"repo", document.repository}}) + "\n";
    bytes_ += document.text.size();
  }
  std::uint64_t bytes() const { return bytes_; }
  base::Result<void> write(const fs::path& path) const { return base::write_file_atomic(path, lines_); }

 private:
  std::string repository_, lines_;
  std::uint64_t bytes_ = 0;
};

void add_history(const Folder& folder, const HeldOut& held_out, NearDuplicates& seen, Writer& writer, Dataset& out) {
  auto past = past_versions(folder.root);
  if (!past) return;  // no git, or no history: the files will do
  for (const PastVersion& version : *past) {
    if (held_out.contains(version.path) || !lsp::is_wanted(folder.root, version.path, version.text.size()) || !lsp::text_refused(version.text).empty()) continue;
    const std::string text = lsp::with_plain_line_ends(base::sanitize_utf8(version.text));
    if (text.empty() || !seen.add(text)) continue;
    writer.add(version.path, text);
    ++out.versions;
  }
}

base::Result<void> add_replay(const DatasetOptions& options, Writer& writer, Dataset& out) {
  if (options.replay.empty() || options.replay_share <= 0) return {};
  const std::vector<fs::path> paths(options.replay.begin(), options.replay.end());
  const auto corpus = engine::CorpusSource::open(paths);
  if (!corpus) return base::forward(corpus, "--replay");
  const double wanted = double(writer.bytes()) * options.replay_share / (1 - options.replay_share);
  engine::Random random(engine::seed_of({options.seed, 0x5EED}));
  std::set<std::size_t> taken;
  for (const std::uint64_t before = writer.bytes(); double(writer.bytes() - before) < wanted && taken.size() < corpus->size();) {
    const std::size_t i = random.below(corpus->size());
    if (!taken.insert(i).second) continue;
    const auto document = corpus->document(i);
    if (!document) return base::forward(document, "--replay");
    if (double(document->text.size()) > wanted && taken.size() < corpus->size()) continue;  // one alone would be too much
    writer.add_as_it_is(*document);
    ++out.replayed;
  }
  return {};
}

}  // namespace

base::Result<Dataset> make_dataset(const Folder& folder, const DatasetOptions& options, const fs::path& into) {
  const HeldOut held_out = choose_held_out(folder, options);
  if (held_out.measured.empty())
    return base::fail(base::ErrorCode::InvalidInput, "{}: holds {} file{} of code: expected at least two, to train on some and to measure by others",
                      folder.root.string(), folder.code.size(), folder.code.size() == 1 ? "" : "s");
  Dataset out{.train = into / "train.jsonl", .validation = into / "validation.jsonl", .validation_files = {}, .measured_files = {}};
  const std::string name = folder.root.filename().string();
  Writer train(name), validation(name);
  NearDuplicates seen;
  for (const SourceFile& file : folder.code)
    if (held_out.contains(file.path)) {
      seen.add(file.text);
      if (held_out.measured.contains(file.path)) out.measured_files.push_back(file);
      if (!held_out.validation.contains(file.path)) continue;
      validation.add(file.path, file.text);
      out.validation_files.push_back(file);
    }
  for (const SourceFile& file : folder.pool) {
    if (held_out.contains(file.path) || file.text.empty()) continue;
    if (!seen.add(file.text)) {
      ++out.near_duplicates;
      continue;
    }
    train.add(file.path, file.text);
    ++out.files;
  }
  if (out.files == 0)
    return base::fail(base::ErrorCode::InvalidInput, "{}: all its files are nearly the same: there is nothing to train on", folder.root.string());
  if (options.history) add_history(folder, held_out, seen, train, out);
  if (auto added = add_replay(options, train, out); !added) return base::forward(added);
  out.bytes = train.bytes();
  if (auto written = train.write(out.train); !written) return base::forward(written);
  if (auto written = validation.write(out.validation); !written) return base::forward(written);
  return out;
}

}  // namespace app

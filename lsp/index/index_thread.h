// index_thread.h: the thread that keeps the workspace's index in step, behind everything else that the machine has to do.
// use() a vocabulary and it begins (another one: from the start); tell it of texts and files; what comes of it arrives through
// `report`, called on this thread, which must not wait. A text told of counts as soon as it is reported: the rest of a large workspace
// is read in between, with a report some times a second. Low priority (nice 10). The destructor stops a merge at work, saves and joins.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/queue.h"
#include "lsp/index/workspace_index.h"

namespace lsp {

// What the engine thread copies from. Ids are those of `tokenizer`: with another one they mean nothing.
struct WorkspaceSnapshot {
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  engine::NgramIndex index;
  std::shared_ptr<const DocumentPaths> paths;
};

struct IndexProgress {
  std::shared_ptr<const WorkspaceSnapshot> workspace;  // as it is now
  bool busy = false;                                   // files are looked for, or wait to be read
  int percent = 0;                                     // of those that wait
  std::size_t files = 0, tokens = 0;
  std::string problem;  // a sentence, where something could not be kept; the index works on
};

class IndexThread {
 public:
  using Report = std::function<void(IndexProgress)>;

  // `kept`: whether the index is kept on the disk, in index_folder().
  IndexThread(std::vector<std::filesystem::path> roots, bool kept, Report report);
  ~IndexThread();
  IndexThread(const IndexThread&) = delete;
  IndexThread& operator=(const IndexThread&) = delete;

  void use(std::shared_ptr<const tokenizer::Tokenizer> tokenizer) { work_.push(Use{std::move(tokenizer)}); }
  void text(std::filesystem::path path, std::shared_ptr<const std::string> text) { work_.push(Changed{std::move(path), std::move(text)}); }
  void file(std::filesystem::path path) { work_.push(Changed{std::move(path), nullptr}); }  // it, or it being gone, is on the disk
  void look_again() { work_.push(LookAgain{}); }                                             // rules changed: the whole workspace
  void save() { work_.push(Save{}); }

 private:
  struct Use {
    std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  };
  struct Changed {
    std::filesystem::path path;
    std::shared_ptr<const std::string> text;
  };
  struct LookAgain {};
  struct Save {};
  using Work = std::variant<Use, Changed, LookAgain, Save>;

  void run();
  void take(Use use);
  void take(Changed changed);
  void take(LookAgain);
  void take(Save);
  bool busy() const;
  void step();
  void tell();           // what can be copied from has changed
  void tell_progress();  // that alone
  IndexProgress progress();
  std::shared_ptr<const DocumentPaths> all_paths() const;

  const std::vector<std::filesystem::path> roots_;
  const bool kept_;
  const Report report_;
  base::Queue<Work> work_;
  std::stop_source ending_;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;      // index thread only, as what follows
  std::vector<std::unique_ptr<WorkspaceIndex>> workspaces_;
  std::string problem_;
  bool looking_ = false;  // for files
  std::shared_ptr<const WorkspaceSnapshot> told_;
  std::chrono::steady_clock::time_point told_at_{};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace lsp

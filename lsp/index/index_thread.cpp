#include "lsp/index/index_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace lsp {

namespace {
constexpr int kNice = 10;
constexpr std::chrono::milliseconds kTellEvery{200};
}

IndexThread::IndexThread(std::vector<std::filesystem::path> roots, bool kept, Report report)
    : roots_(std::move(roots)), kept_(kept), report_(std::move(report)), thread_([this] { run(); }) {}

IndexThread::~IndexThread() {
  ending_.request_stop();
  work_.close();
  thread_.join();
}

void IndexThread::run() {
  ::setpriority(PRIO_PROCESS, id_t(::gettid()), kNice);  // on Linux a thread has a priority of its own
  while (!ending_.stop_requested()) {
    auto work = busy() ? work_.try_pop() : work_.pop();
    if (work) std::visit([this](auto&& one) { take(std::move(one)); }, std::move(*work));
    else if (busy()) step();
    else break;  // closed
  }
  for (const auto& workspace : workspaces_) (void)workspace->save(ending_.get_token());
}

void IndexThread::take(Use use) {
  if (use.tokenizer == tokenizer_) return;
  workspaces_.clear();
  problem_.clear();
  told_.reset();
  tokenizer_ = std::move(use.tokenizer);
  if (!tokenizer_) return;
  for (const std::filesystem::path& root : roots_) {
    auto opened = WorkspaceIndex::open(root, kept_ ? index_folder(root) : std::filesystem::path(), tokenizer_);
    if (!opened) {
      problem_ = opened.error().message;
      opened = WorkspaceIndex::open(root, {}, tokenizer_);
    }
    if (opened) workspaces_.push_back(*std::move(opened));
  }
  looking_ = true;
  tell();  // what was kept serves already
  take(LookAgain{});
}

void IndexThread::take(Changed changed) {
  bool any = false;
  for (const auto& workspace : workspaces_) any = workspace->update(changed.path, changed.text.get()) || any;
  if (any) tell();
}

void IndexThread::take(LookAgain) {
  if (!std::exchange(looking_, true)) tell_progress();
  for (const auto& workspace : workspaces_) workspace->refresh(ending_.get_token());
  looking_ = false;
  tell();
  if (!busy()) take(Save{});
}

void IndexThread::take(Save) {
  bool merged = false;
  for (const auto& workspace : workspaces_) {
    while (workspace->tidy(ending_.get_token())) merged = true;
    if (auto done = workspace->save(ending_.get_token()); !done) problem_ = done.error().message;
  }
  if (merged || !problem_.empty()) tell();
}

bool IndexThread::busy() const {
  return std::any_of(workspaces_.begin(), workspaces_.end(), [](const auto& workspace) { return workspace->busy(); });
}

void IndexThread::step() {
  for (const auto& workspace : workspaces_)
    if (workspace->busy()) {
      const std::size_t parts = workspace->index().parts().size();
      workspace->step();
      if (workspace->index().parts().size() != parts || !busy()) tell();
      else if (std::chrono::steady_clock::now() - told_at_ > kTellEvery) tell_progress();
      break;
    }
  if (!busy()) take(Save{});
}

IndexProgress IndexThread::progress() {
  told_at_ = std::chrono::steady_clock::now();
  IndexProgress out{.workspace = told_, .busy = looking_ || busy(), .problem = std::exchange(problem_, {})};
  double done = 0;
  for (const auto& workspace : workspaces_) {
    out.files += workspace->files();
    done += workspace->progress() / double(workspaces_.size());
  }
  out.percent = looking_ ? 0 : workspaces_.empty() ? 100 : int(done * 100);
  if (told_) out.tokens = told_->index.live_tokens();
  return out;
}

void IndexThread::tell_progress() {
  if (told_) report_(progress());
}

std::shared_ptr<const DocumentPaths> IndexThread::all_paths() const {
  if (workspaces_.size() == 1) return workspaces_.front()->paths();
  auto all = std::make_shared<DocumentPaths>();
  for (const auto& workspace : workspaces_) all->insert(workspace->paths()->begin(), workspace->paths()->end());
  return all;
}

void IndexThread::tell() {
  std::vector<engine::IndexPart> parts;
  for (const auto& workspace : workspaces_) {
    const engine::NgramIndex index = workspace->index();
    parts.insert(parts.end(), index.parts().begin(), index.parts().end());
  }
  told_ = std::make_shared<WorkspaceSnapshot>(WorkspaceSnapshot{tokenizer_, engine::NgramIndex(std::move(parts)), all_paths()});
  report_(progress());
}

}  // namespace lsp

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/index/document_key.h"
#include "lsp/protocol/json.h"

namespace lsp {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::milliseconds kQuiet{1000};       // after a change, before an unsaved text is learned
constexpr std::chrono::milliseconds kSaveAfter{10000};  // after something was learned, before it is kept
constexpr std::size_t kManyFiles = 50;                  // changed at once, by a checkout: the workspace is looked through again

// An editor opened in the home folder does not mean all of it.
bool is_workspace(const fs::path& root) {
  const char* home = std::getenv("HOME");
  std::error_code unknown;
  return root != root.root_path() && fs::is_directory(root, unknown) && !(home && fs::equivalent(root, home, unknown));
}

void save_soon(Session& session) {
  if (std::exchange(session.index_save_soon, true)) return;
  session.services.set_timer(kSaveAfter, {Alarm::IndexSave});
}

// What stands on the disk under this name now.
void read_again(Session& session, const std::string& uri) {
  const auto path = path_of_uri(uri);
  if (!session.index || !path) return;
  session.index->file(*path);
  save_soon(session);
}

base::Result<void> files_changed(Session& session, const Json& params) {
  if (!session.index) return {};
  const std::vector<std::string> uris = read_watched_files(params);
  const bool rules = std::any_of(uris.begin(), uris.end(), [](const std::string& uri) { return uri.ends_with("/.gitignore"); });
  if (rules || uris.size() > kManyFiles) session.index->look_again();
  else
    for (const std::string& uri : uris)
      if (!session.unsaved.contains(uri)) read_again(session, uri);
  save_soon(session);
  return {};
}

}  // namespace

std::vector<fs::path> workspace_folders(const Session& session) {
  std::vector<fs::path> out;
  for (const std::string& uri : session.roots) {
    auto path = path_of_uri(uri);
    if (!path) continue;
    fs::path clean = path->lexically_normal();
    if (!clean.has_filename()) clean = clean.parent_path();
    if (is_workspace(clean)) out.push_back(std::move(clean));
  }
  return out;
}

void start_indexing(Session& session, std::shared_ptr<const tokenizer::Tokenizer> tokenizer) {
  if (!tokenizer || !session.settings.index.enabled) {
    session.index.reset();
    session.workspace.reset();
    session.workspace_busy = false;
    show_indexing(session, {});
    return;
  }
  if (!session.index) {
    std::vector<fs::path> folders = workspace_folders(session);
    if (folders.empty()) return;
    session.index = std::make_unique<IndexThread>(std::move(folders), true, session.services.on_index);
  }
  session.index->use(std::move(tokenizer));
}

void on_index_progress(Session& session, IndexProgress progress) {
  if (!session.index) return;  // the last words of one that was given up
  if (!progress.problem.empty()) session.services.log.warning("the workspace's index is not kept: {}", progress.problem);
  if (!progress.busy && session.workspace_busy) session.services.log.info("the workspace's index: {} files, {} tokens", progress.files, progress.tokens);
  session.workspace_busy = progress.busy;
  show_indexing(session, progress);
  session.workspace = std::move(progress.workspace);
  learn_mixing_soon(session);
}

void text_changed(Session& session, const std::string& uri) {
  if (!session.index) return;
  session.unsaved.insert(uri);
  if (std::exchange(session.index_texts_soon, true)) return;
  session.services.set_timer(kQuiet, {Alarm::IndexTexts});
}

void text_saved(Session& session, const std::string& uri) {
  session.unsaved.erase(uri);
  read_again(session, uri);
}

void text_closed(Session& session, const std::string& uri) {
  session.unsaved.erase(uri);
  read_again(session, uri);
}

void index_texts(Session& session) {
  session.index_texts_soon = false;
  if (!session.index) return;
  for (const std::string& uri : session.unsaved) {
    const Document* document = session.documents.find(uri);
    const auto path = path_of_uri(uri);
    if (document && path) session.index->text(*path, document->snapshot().content);
  }
  session.unsaved.clear();
  save_soon(session);
}

void index_save(Session& session) {
  session.index_save_soon = false;
  if (session.index) session.index->save();
}

void add_indexing(Dispatcher& methods, Session& session) {
  methods.on_notification("workspace/didChangeWatchedFiles", [&](const Json& params) { return files_changed(session, params); });
}

}  // namespace lsp

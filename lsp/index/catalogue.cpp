#include "lsp/index/catalogue.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

namespace lsp {
namespace {

namespace fs = std::filesystem;
constexpr const char* kVersion = "1";
constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS about(name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS segment(id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS file(path TEXT PRIMARY KEY, bytes INTEGER, modified INTEGER, key INTEGER, segment INTEGER);
)";

}  // namespace

struct Catalogue::Database {
  sqlite3* handle = nullptr;
  fs::path path;

  ~Database() { sqlite3_close(handle); }

  base::Result<void> problem() const { return base::fail(base::ErrorCode::Failed, "{}: {}", path.string(), sqlite3_errmsg(handle)); }

  base::Result<void> run(const char* sql) {
    if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return problem();
    return {};
  }

  // A prepared statement, for each row; values are bound by `bind`.
  base::Result<void> each(const char* sql, const std::function<void(sqlite3_stmt*)>& bind, const std::function<void(sqlite3_stmt*)>& row) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr) != SQLITE_OK) return problem();
    if (bind) bind(statement);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
      if (row) row(statement);
    base::Result<void> result;
    if (code != SQLITE_DONE) result = problem();
    sqlite3_finalize(statement);
    return result;
  }
};

namespace {

void bind_text(sqlite3_stmt* statement, int at, const std::string& text) { sqlite3_bind_text(statement, at, text.data(), int(text.size()), SQLITE_TRANSIENT); }

std::string text_of(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text ? std::string(text, std::size_t(sqlite3_column_bytes(statement, column))) : std::string();
}

}  // namespace

Catalogue::Catalogue(fs::path folder) : folder_(std::move(folder)) {}

Catalogue::~Catalogue() {
  database_.reset();
  if (lock_ >= 0) ::close(lock_);
}

fs::path Catalogue::segment_path(std::int64_t segment) const { return folder_ / (std::to_string(segment) + ".ngram"); }

base::Result<std::unique_ptr<Catalogue>> Catalogue::open(const fs::path& folder, const std::string& workspace, std::uint64_t vocabulary) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return base::fail(base::ErrorCode::Failed, "{}: cannot be made: {}", folder.string(), failed.message());
  auto out = std::unique_ptr<Catalogue>(new Catalogue(folder));
  const int lock = ::open((folder / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) == 0) out->lock_ = lock;
  else if (lock >= 0) ::close(lock);
  auto done = out->load(workspace, vocabulary);
  if (!done && out->writable()) {  // damaged: it is only a cache
    out->database_.reset();
    out->files_.clear();
    out->segments_.clear();
    fs::remove(folder / "catalogue.sqlite", failed);
    fs::remove(folder / "catalogue.sqlite-journal", failed);
    done = out->load(workspace, vocabulary);
  }
  if (!done) return base::forward(done);
  if (out->writable()) out->remove_strays();
  return out;
}

base::Result<void> Catalogue::load(const std::string& workspace, std::uint64_t vocabulary) {
  database_ = std::make_unique<Database>();
  database_->path = folder_ / "catalogue.sqlite";
  if (sqlite3_open(database_->path.c_str(), &database_->handle) != SQLITE_OK) return database_->problem();
  sqlite3_busy_timeout(database_->handle, 1000);
  if (writable())
    if (auto done = database_->run(kSchema); !done) return done;
  std::string found;
  const std::string about = std::string(kVersion) + " " + std::to_string(vocabulary) + " " + workspace;
  auto done = database_->each("SELECT value FROM about WHERE name = 'made for'", nullptr, [&](sqlite3_stmt* row) { found = text_of(row, 0); });
  if (!done) return writable() ? done : base::Result<void>{};
  if (found != about) {
    if (!writable()) return {};
    done = database_->run("BEGIN; DELETE FROM file; DELETE FROM segment; DELETE FROM about; COMMIT;");
    if (!done) return done;
    return database_->each("INSERT INTO about VALUES('made for', ?)", [&](sqlite3_stmt* s) { bind_text(s, 1, about); }, nullptr);
  }
  done = database_->each("SELECT path, bytes, modified, key, segment FROM file", nullptr, [&](sqlite3_stmt* row) {
    files_.push_back({text_of(row, 0), std::uintmax_t(sqlite3_column_int64(row, 1)), sqlite3_column_int64(row, 2), engine::DocumentKey(sqlite3_column_int64(row, 3)),
                      sqlite3_column_int64(row, 4)});
  });
  if (!done) return done;
  return database_->each("SELECT id FROM segment ORDER BY id", nullptr, [&](sqlite3_stmt* row) { segments_.push_back(sqlite3_column_int64(row, 0)); });
}

base::Result<void> Catalogue::commit(const CatalogueChange& change) {
  if (auto done = database_->run("BEGIN IMMEDIATE"); !done) return done;
  base::Result<void> done;
  const auto run = [&](const char* sql, const std::function<void(sqlite3_stmt*)>& bind) {
    if (done) done = database_->each(sql, bind, nullptr);
  };
  for (const std::int64_t id : change.segments) run("INSERT OR REPLACE INTO segment VALUES(?)", [&](sqlite3_stmt* s) { sqlite3_bind_int64(s, 1, id); });
  for (const std::int64_t id : change.gone_segments) run("DELETE FROM segment WHERE id = ?", [&](sqlite3_stmt* s) { sqlite3_bind_int64(s, 1, id); });
  for (const std::string& path : change.gone_files) run("DELETE FROM file WHERE path = ?", [&](sqlite3_stmt* s) { bind_text(s, 1, path); });
  for (const CatalogueFile& file : change.files)
    run("INSERT OR REPLACE INTO file VALUES(?, ?, ?, ?, ?)", [&](sqlite3_stmt* s) {
      bind_text(s, 1, file.path);
      sqlite3_bind_int64(s, 2, std::int64_t(file.bytes));
      sqlite3_bind_int64(s, 3, file.modified_ns);
      sqlite3_bind_int64(s, 4, std::int64_t(file.key));
      sqlite3_bind_int64(s, 5, file.segment);
    });
  if (done) done = database_->run("COMMIT");
  if (!done) {
    (void)database_->run("ROLLBACK");
    return done;
  }
  std::error_code ignored;
  for (const std::int64_t id : change.gone_segments) fs::remove(segment_path(id), ignored);
  return {};
}

// Segments that no commit names: of a process that ended between writing one and telling of it.
void Catalogue::remove_strays() const {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, ignored)) {
    if (entry.path().extension() != ".ngram") continue;
    const bool known = std::any_of(segments_.begin(), segments_.end(), [&](std::int64_t id) { return entry.path() == segment_path(id); });
    if (!known) fs::remove(entry.path(), ignored);
  }
}

}  // namespace lsp

#include "app/hub/pull.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "app/hub/catalogue.h"
#include "app/hub/checksum.h"
#include "app/hub/choose.h"
#include "app/hub/download.h"
#include "app/hub/hf_cache.h"
#include "app/hub/install.h"
#include "app/hub/record.h"
#include "base/files.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

constexpr std::int64_t kSpareRoom = std::int64_t(64) << 20;  // that a full disk keeps for everybody else

// Holds STORE/OWNER/.NAME.part/lock while a pull runs; the system lets go of it however the program ends.
class Lock {
 public:
  static base::Result<Lock> take(const fs::path& folder, const std::string& what) {
    std::error_code problem;
    fs::create_directories(folder / "files", problem);
    if (problem) return fail(ErrorCode::Failed, "{}: {}", folder.string(), problem.message());
    Lock lock;
    lock.file_ = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock.file_ < 0) return fail(ErrorCode::Failed, "{}: cannot be written", (folder / "lock").string());
    if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) return fail(ErrorCode::Failed, "{}: another rigpilot is fetching it now", what);
    return lock;
  }
  Lock(Lock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  ~Lock() {
    if (file_ >= 0) ::close(file_);
  }

 private:
  Lock() = default;
  int file_ = -1;
};

std::string local_name(const RemoteFile& file) { return fs::path(file.path).filename().string(); }

class Pull {
 public:
  Pull(Session& session, const PullRequest& request)
      : session_(session), request_(request), asked_(request.asked), target_(request.store / asked_.owner / asked_.name),
        staging_(staging_folder(request.store, asked_.owner, asked_.name)) {}

  base::Result<Pulled> run();

 private:
  base::Result<Pulled> without_hub(const std::string& problem);
  base::Result<void> choose(const Listing& listing, const fs::path* snapshot);
  base::Result<Pulled> bring(const Listing& listing, const fs::path* snapshot);
  bool already_in(const fs::path& folder, const std::optional<Record>& record, const RemoteFile& file) const;
  base::Result<bool> reuse(const RemoteFile& file, const fs::path* snapshot);
  base::Result<void> check_room(const std::vector<Download>& missing) const;
  base::Result<void> fetch_and_check(const Listing& listing, const std::vector<RemoteFile>& missing, bool again);
  base::Result<bool> right(const RemoteFile& file, const fs::path& path);
  base::Result<void> keep(const RemoteFile& file, const fs::path& path);
  base::Result<Pulled> finished(bool was_there) const;

  Session& session_;
  const PullRequest& request_;
  const Address& asked_;
  fs::path target_, staging_;
  Choice choice_;
  Record record_;  // of the staging folder
  std::int64_t fetched_ = 0;
};

base::Result<void> Pull::choose(const Listing& listing, const fs::path* snapshot) {
  auto choice = choose_files(asked_, listing, request_.memory);
  if (!choice) return base::forward(choice);
  choice_ = std::move(*choice);
  if (!choice_.remark.empty()) request_.say(choice_.remark);
  if (!choice_.index) return {};
  std::string text;
  if (snapshot) {
    auto read = base::read_file(*snapshot / choice_.index->path);
    if (!read) return base::forward(read);
    text = std::move(*read);
  } else {
    auto reply = fetch(session_, resolve_url(session_, listing, choice_.index->path));
    if (!reply) return base::forward(reply);
    if (reply->unreachable) return std::unexpected(unreachable_error(session_, reply->problem));
    if (reply->head.status != 200) return std::unexpected(status_error(session_, reply->head, choice_.index->path));
    text = std::move(reply->body);
  }
  return add_shards(asked_, listing, text, choice_);
}

// Whether `folder` holds this very file, checked when it came.
bool Pull::already_in(const fs::path& folder, const std::optional<Record>& record, const RemoteFile& file) const {
  if (!record || file.identity().empty()) return false;
  const auto known = record->files.find(local_name(file));
  std::error_code problem;
  const auto size = fs::file_size(folder / local_name(file), problem);
  return known != record->files.end() && known->second == file.identity() && !problem && (file.size < 0 || std::int64_t(size) == file.size);
}

base::Result<bool> Pull::right(const RemoteFile& file, const fs::path& path) {
  const GoOn go_on = [&](std::int64_t seen) {
    if (request_.progress) request_.progress("checking", seen, file.size);
    return !session_.interrupt.asked();
  };
  if (file.identity().empty()) {
    request_.say(fmt::format("the hub has no checksum for {}: only its length was checked", file.path));
    return true;
  }
  const auto sum = file.sha256.empty() ? file_git_sha1(path, go_on) : file_sha256(path, go_on);
  if (!sum) return base::forward(sum);
  return *sum == (file.sha256.empty() ? file.git : file.sha256);
}

// A checked file takes its place among the finished ones.
base::Result<void> Pull::keep(const RemoteFile& file, const fs::path& path) {
  std::error_code problem;
  fs::rename(path, staging_ / "files" / local_name(file), problem);
  if (problem) return fail(ErrorCode::Failed, "{}: {}", path.string(), problem.message());
  record_.files[local_name(file)] = file.identity();
  return write_record(staging_, record_);
}

// From the store's model of before, or from the Hugging Face cache: linked where the disk allows, else copied.
base::Result<bool> Pull::reuse(const RemoteFile& file, const fs::path* snapshot) {
  if (already_in(staging_ / "files", record_, file)) return true;
  std::error_code problem;
  fs::remove(staging_ / "files" / local_name(file), problem);
  fs::path source;
  bool trusted = false;
  if (already_in(target_, read_record(target_), file)) source = target_ / local_name(file), trusted = true;
  else if (const auto blob = cached_blob(session_.hub.cache, asked_, file)) source = *blob;
  else if (snapshot) source = *snapshot / file.path;
  else return false;
  const fs::path link = staging_ / (local_name(file) + ".copy");
  fs::remove(link, problem);
  source = fs::canonical(source, problem);
  fs::create_hard_link(source, link, problem);
  if (problem) fs::copy_file(source, link, problem);
  if (problem) return fail(ErrorCode::Failed, "{}: cannot be taken over from {}: {}", local_name(file), source.string(), problem.message());
  const auto fine = trusted ? base::Result<bool>(true) : right(file, link);
  if (!fine || !*fine) {
    fs::remove(link, problem);
    return fine ? base::Result<bool>(false) : fine;
  }
  if (auto kept = keep(file, link); !kept) return base::forward(kept);
  return true;
}

base::Result<void> Pull::check_room(const std::vector<Download>& missing) const {
  std::int64_t need = 0;
  for (const Download& one : missing) need += std::max<std::int64_t>(0, one.file.size) - one.partial.bytes_done();
  std::error_code problem;
  const fs::space_info room = fs::space(staging_, problem);
  if (problem || need <= 0) return {};
  if (double(need) + kSpareRoom > double(room.available))
    return fail(ErrorCode::Failed, "{}: needs {:.2f} GB more in {}, where only {:.2f} GB is free: make room, or move the store with XDG_DATA_HOME",
                asked_.repository(), double(need + kSpareRoom) / 1e9, request_.store.string(), double(room.available) / 1e9);
  return {};
}

base::Result<void> Pull::fetch_and_check(const Listing& listing, const std::vector<RemoteFile>& missing, bool again) {
  std::vector<Download> downloads;
  for (const RemoteFile& file : missing) {
    auto partial = Partial::open(staging_ / (local_name(file) + ".part"), file);
    if (!partial) return base::forward(partial);
    downloads.push_back({file, resolve_url(session_, listing, file.path), std::move(*partial)});
  }
  if (auto room = check_room(downloads); !room) return room;
  std::int64_t there = 0, all = 0;
  for (const Download& one : downloads) there += one.partial.bytes_done(), all += std::max<std::int64_t>(0, one.file.size);
  std::int64_t now = there;
  const auto tell = [&](std::int64_t done) {
    now = done;
    if (request_.progress) request_.progress("fetching", done, all);
  };
  const auto arrived = download(session_, downloads, tell);
  fetched_ += std::max<std::int64_t>(0, now - there);
  if (!arrived) return arrived;
  std::vector<RemoteFile> wrong;
  for (Download& one : downloads) {
    const auto fine = right(one.file, one.partial.path());
    if (!fine) return base::forward(fine);
    if (*fine) {
      if (auto done = one.partial.finish(); !done) return done;
      if (auto kept = keep(one.file, one.partial.path()); !kept) return kept;
      std::error_code ignored;
      fs::remove(one.partial.path().string() + ".state", ignored);
      continue;
    }
    const bool older_bytes = one.partial.resumed();
    one.partial.discard();
    if (again || !older_bytes)
      return fail(ErrorCode::Failed, "{}: '{}' arrived with another checksum than {} gives for it: it was thrown away", asked_.repository(),
                  one.file.path, session_.hub.endpoint);
    wrong.push_back(one.file);
  }
  return wrong.empty() ? base::Result<void>() : fetch_and_check(listing, wrong, true);
}

base::Result<Pulled> Pull::finished(bool was_there) const {
  Pulled out;
  out.name = asked_.repository(), out.path = target_, out.commit = record_.commit;
  out.fetched = fetched_, out.was_there = was_there;
  std::error_code ignored;
  for (const RemoteFile& file : choice_.files) {
    out.files.push_back(local_name(file));
    const auto size = fs::file_size(target_ / local_name(file), ignored);
    out.bytes += ignored ? 0 : std::int64_t(size);
  }
  if (choice_.gguf) {
    out.path = target_ / out.files.front();
    if (name_needs_file(target_)) out.name += ":" + out.path.stem().string();
  }
  return out;
}

base::Result<Pulled> Pull::bring(const Listing& listing, const fs::path* snapshot) {
  if (auto chosen = choose(listing, snapshot); !chosen) return base::forward(chosen);
  const auto there = read_record(target_);
  const auto in_store = [&](const RemoteFile& file) { return already_in(target_, there, file); };
  if (std::all_of(choice_.files.begin(), choice_.files.end(), in_store)) {
    record_ = *there;
    std::error_code ignored;
    fs::remove_all(staging_, ignored);
    return finished(true);
  }
  if (auto free = may_install(target_, there, choice_.gguf ? local_name(choice_.files.front()) : ""); !free) return base::forward(free);
  if (auto before = read_record(staging_)) record_ = *before;
  record_.hub = session_.hub.endpoint, record_.repository = asked_.repository();
  record_.revision = asked_.revision, record_.commit = listing.commit;
  record_.bytes = 0;
  for (const RemoteFile& file : choice_.files) record_.bytes += std::max<std::int64_t>(0, file.size);
  if (auto written = write_record(staging_, record_); !written) return base::forward(written);
  std::vector<RemoteFile> missing;
  for (const RemoteFile& file : choice_.files) {
    const auto reused = reuse(file, snapshot);
    if (!reused) return base::forward(reused);
    if (!*reused) missing.push_back(file);
  }
  if (!missing.empty() && snapshot)
    return fail(ErrorCode::Failed, "{}: '{}' in the Hugging Face cache is damaged", asked_.repository(), missing.front().path);
  if (auto done = fetch_and_check(listing, missing, false); !done) return base::forward(done);
  std::vector<std::string> names;
  for (const RemoteFile& file : choice_.files) names.push_back(local_name(file));
  if (auto done = install({staging_, target_, choice_.gguf, names, record_}); !done) return base::forward(done);
  return finished(false);
}

// The hub cannot be asked: what is here already will do.
base::Result<Pulled> Pull::without_hub(const std::string& problem) {
  if (const auto snapshot = cached_snapshot(session_.hub.cache, asked_)) {
    request_.say(fmt::format("{} cannot be reached ({}): taking {} from the Hugging Face cache", session_.hub.endpoint, problem,
                             asked_.repository()));
    return bring(cached_listing(*snapshot), &*snapshot);
  }
  const auto record = read_record(target_);
  if (!record || !asked_.file.empty() || (record->revision != asked_.revision && record->commit != asked_.revision))
    return std::unexpected(unreachable_error(session_, problem));
  request_.say(fmt::format("{} cannot be reached ({}): whether {} has changed there is not known", session_.hub.endpoint, problem,
                           asked_.repository()));
  record_ = *record;
  for (const auto& [name, identity] : record->files) choice_.files.push_back({.path = name, .size = -1, .sha256 = {}, .git = {}});
  choice_.gguf = choice_.files.size() == 1 && choice_.files[0].path.ends_with(".gguf");
  return finished(true);
}

base::Result<Pulled> Pull::run() {
  auto catalogue = look_up(session_);
  if (!catalogue) return base::forward(catalogue);
  if (!catalogue->listing) return without_hub(catalogue->problem);
  return bring(*catalogue->listing, nullptr);
}

}  // namespace

fs::path staging_folder(const fs::path& store, const std::string& owner, const std::string& name) {
  return store / owner / ("." + name + ".part");
}

base::Result<Pulled> pull(const Hub& hub, const PullRequest& request, Interrupt& interrupt) {
  const fs::path staging = staging_folder(request.store, request.asked.owner, request.asked.name);
  const bool fresh = !fs::exists(staging);
  Session session{.hub = hub, .asked = request.asked, .interrupt = interrupt, .say = request.say};
  auto lock = Lock::take(staging, request.asked.repository());
  if (!lock) return base::forward(lock);
  auto done = Pull(session, request).run();
  std::error_code ignored;
  if (!done && fresh && !read_record(staging)) {  // it came to nothing: leave nothing
    fs::remove_all(staging, ignored);
    fs::remove(request.store / request.asked.owner, ignored);  // only if empty
  }
  return done;
}

}  // namespace app

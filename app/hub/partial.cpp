#include "app/hub/partial.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/files.h"
#include "base/json.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

}  // namespace

base::Result<Partial> Partial::open(const fs::path& path, const RemoteFile& file) {
  Partial out;
  out.path_ = path;
  out.identity_ = file.identity();
  out.size = file.size;
  out.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (out.file_ < 0) return fail(ErrorCode::Failed, "{}: {}", path.string(), std::strerror(errno));
  if (out.take_up())
    out.resumed_ = !out.done_.empty();
  else
    out.forget();
  return out;
}

Partial::Partial(Partial&& other) noexcept
    : etag(std::move(other.etag)), size(other.size), path_(std::move(other.path_)), identity_(std::move(other.identity_)),
      file_(std::exchange(other.file_, -1)), resumed_(other.resumed_), done_(std::move(other.done_)) {}

Partial::~Partial() {
  if (file_ >= 0) ::close(file_);
}

// What the state says, if it is about this very file and the bytes are there.
bool Partial::take_up() {
  const auto text = base::read_file(state_path());
  if (!text) return false;
  const auto json = base::parse_json(*text, "state");
  if (!json || base::try_get<std::int64_t>(*json, "size") != size) return false;
  const std::string identity = base::try_get<std::string>(*json, "identity").value_or("");
  const std::string tag = base::try_get<std::string>(*json, "etag").value_or("");
  if (identity != identity_ || (identity.empty() && tag.empty())) return false;
  const base::Json* spans = base::find_field(*json, "done");
  if (!spans || !spans->is_array()) return false;
  const std::int64_t held = std::int64_t(::lseek(file_, 0, SEEK_END));
  std::int64_t last = 0;
  for (const base::Json& span : *spans) {
    if (!span.is_array() || span.size() != 2 || !span[0].is_number_integer() || !span[1].is_number_integer()) return false;
    const std::int64_t begin = span[0].get<std::int64_t>(), end = span[1].get<std::int64_t>();
    if (begin < last || end <= begin || end > held || end > size) return false;
    done_[begin] = last = end;
  }
  etag = tag;
  return true;
}

base::Result<void> Partial::write(std::int64_t offset, std::string_view bytes) {
  const std::int64_t begin = offset;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(ErrorCode::Failed, "{}: {}; what has arrived is kept", path_.string(), std::strerror(errno));
    bytes.remove_prefix(std::size_t(written));
    offset += written;
  }
  if (offset == begin) return {};
  auto next = done_.upper_bound(begin);
  std::int64_t from = begin, to = offset;
  if (next != done_.begin()) {
    const auto before = std::prev(next);
    if (before->second >= from) {
      from = before->first;
      to = std::max(to, before->second);
      done_.erase(before);
    }
  }
  while (next != done_.end() && next->first <= to) {
    to = std::max(to, next->second);
    next = done_.erase(next);
  }
  done_[from] = to;
  return {};
}

void Partial::forget() {
  done_.clear();
  etag.clear();
  resumed_ = false;
  std::error_code ignored;
  fs::remove(state_path(), ignored);  // first: a state never speaks of bytes that are gone
  if (::ftruncate(file_, 0) != 0) errno = 0;
}

base::Result<void> Partial::save() {
  base::Json spans = base::Json::array();
  for (const auto& [begin, end] : done_) spans.push_back({begin, end});
  return base::write_file_atomic(state_path(),
                                 base::dump_json({{"identity", identity_}, {"etag", etag}, {"size", size}, {"done", spans}}));
}

base::Result<void> Partial::finish() {
  if (::fsync(file_) != 0) return fail(ErrorCode::Failed, "{}: {}", path_.string(), std::strerror(errno));
  return {};
}

void Partial::discard() {
  std::error_code ignored;
  fs::remove(state_path(), ignored);
  fs::remove(path_, ignored);
}

std::int64_t Partial::bytes_done() const {
  std::int64_t sum = 0;
  for (const auto& [begin, end] : done_) sum += end - begin;
  return sum;
}

}  // namespace app

#include "app/hub/download.h"

#include <algorithm>
#include <charconv>
#include <list>
#include <optional>

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLeastPiece = 1 << 20, kMostPiece = std::int64_t(64) << 20;

// One file on its way.
struct Job {
  Download& want;
  std::string serving;  // where the last redirect led to; empty: ask the hub
  bool whole = false;   // the server knows no ranges
  int failures = 0;     // since bytes last came
  Clock::time_point not_before{};
  bool complete = false;
  const struct Piece* sole = nullptr;  // the one that brings the whole file: the others are of no use
};

// One request on its way: bytes [at, end) of a job.
struct Piece {
  Job* job = nullptr;
  std::int64_t begin = 0, at = 0, end = -1;  // end -1: to the end, whatever that is
  int hops = 0;
  bool ranged = false;
  bool restart = false;   // the file must come anew
  bool unwanted = false;  // another piece brings all of it
  std::string url, complaint;
  std::optional<base::Error> fatal;
  std::unique_ptr<Transfer> transfer;
};

struct ContentRange {
  std::int64_t first = -1, last = -1, total = -1;
};
ContentRange parse_content_range(std::string_view text) {  // RFC 9110, 14.4: "bytes 0-99/1234"
  ContentRange out;
  if (!text.starts_with("bytes ")) return out;
  const char *at = text.data() + 6, *const end = text.data() + text.size();
  const auto number = [&](std::int64_t& value, char after) {
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value < 0 || (after && (next == end || *next != after))) return false;
    at = after ? next + 1 : next;
    return true;
  };
  ContentRange read;
  if (!number(read.first, '-') || !number(read.last, '/')) return out;
  if (at < end && *at != '*' && !number(read.total, '\0')) return out;
  return read;
}

class Downloader {
 public:
  Downloader(Session& session, std::vector<Download>& files, const std::function<void(std::int64_t)>& progress)
      : session_(session), progress_(progress) {
    for (Download& file : files) jobs_.push_back({.want = file, .serving = {}, .whole = file.file.size < 0});
  }

  base::Result<void> run();

 private:
  void start_pieces();
  bool start_next(Job& job);
  void start(Piece& piece);
  bool take_head(Piece& piece, const Head& head);
  bool take_whole(Piece& piece, const Head& head);
  bool take_body(Piece& piece, std::string_view bytes);
  base::Result<void> settle(Piece& piece);
  base::Result<void> settle_status(Piece& piece, bool& moved_on);
  base::Result<void> failed(Piece& piece, const std::string& why);
  void drop_pieces_of(const Job& job, const Piece* but);
  void save();
  void tell();

  Session& session_;
  const std::function<void(std::int64_t)>& progress_;
  std::list<Job> jobs_;
  std::list<Piece> pieces_;
  Clock::time_point saved_ = Clock::now();
};

// The first bytes that are neither there nor on their way.
bool Downloader::start_next(Job& job) {
  const std::int64_t size = job.want.partial.size;
  std::vector<std::pair<std::int64_t, std::int64_t>> taken(job.want.partial.done().begin(), job.want.partial.done().end());
  for (const Piece& piece : pieces_)
    if (piece.job == &job) {
      if (!piece.ranged) return false;
      taken.emplace_back(piece.at, piece.end);
    }
  const auto& done = job.want.partial.done();
  if (size == 0 || (size > 0 && done.size() == 1 && done.begin()->first == 0 && done.begin()->second == size)) return job.complete = true, false;
  if (job.whole) {
    if (std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return piece.job == &job; })) return false;
    pieces_.push_back({.job = &job});
    start(pieces_.back());
    return true;
  }
  std::sort(taken.begin(), taken.end());
  std::int64_t begin = 0, end = size;
  for (const auto& [from, to] : taken) {
    if (from > begin) {
      end = from;
      break;
    }
    begin = std::max(begin, to);
  }
  if (begin >= size) return false;  // the last ones are on their way
  const std::int64_t most = std::clamp(size / (2 * std::max(1, session_.hub.connections)), kLeastPiece, kMostPiece);
  pieces_.push_back({.job = &job, .begin = begin, .at = begin, .end = std::min(end, begin + most)});
  pieces_.back().ranged = begin > 0 || pieces_.back().end < size;
  start(pieces_.back());
  return true;
}

void Downloader::start_pieces() {
  for (Job& job : jobs_)
    while (!job.complete && job.not_before <= Clock::now() && int(pieces_.size()) < session_.hub.connections)
      if (!start_next(job)) break;
}

void Downloader::start(Piece& piece) {
  Job& job = *piece.job;
  if (piece.url.empty()) piece.url = job.serving.empty() ? job.want.url : job.serving;
  Request request{piece.url, token_for(session_.hub, piece.url), "", job.want.partial.etag};
  if (piece.ranged) request.range = fmt::format("{}-{}", piece.at, piece.end - 1);
  piece.transfer = std::make_unique<Transfer>(session_.hub, request);
  piece.transfer->on_head = [this, &piece](const Head& head) { return take_head(piece, head); };
  piece.transfer->on_body = [this, &piece](std::string_view bytes) { return take_body(piece, bytes); };
  session_.connections.add(*piece.transfer);
}

std::string strong_etag(const Head& head) {
  const std::string tag = head.field("etag");
  return tag.starts_with('"') ? tag : "";
}

bool Downloader::take_head(Piece& piece, const Head& head) {
  Partial& partial = piece.job->want.partial;
  if (piece.job->sole && piece.job->sole != &piece) return piece.unwanted = true, false;
  if (head.status == 200) return take_whole(piece, head);
  if (head.status != 206) return true;  // its body is not looked at
  const ContentRange range = parse_content_range(head.field("content-range"));
  if (!piece.ranged || range.first != piece.at || range.last >= piece.end || (range.total >= 0 && range.total != partial.size)) {
    piece.complaint = fmt::format("asked for bytes {}-{} of {}, the server sends '{}'", piece.at, piece.end - 1, partial.size,
                                  head.field("content-range"));
    return false;
  }
  const std::string tag = strong_etag(head);
  if (!partial.etag.empty() && !tag.empty() && tag != partial.etag) return piece.restart = true, false;  // another file now
  if (partial.etag.empty()) partial.etag = tag;
  return true;
}

// The server sends all of it, asked or not: because it knows no ranges, or because the file is another one now.
bool Downloader::take_whole(Piece& piece, const Head& head) {
  Partial& partial = piece.job->want.partial;
  if (const std::string length = head.field("content-length"); !length.empty() && partial.size >= 0 && length != std::to_string(partial.size)) {
    piece.complaint = fmt::format("the server says it has {} bytes, its list of files says {}", length, partial.size);
    return false;
  }
  if (piece.ranged && piece.at > 0) return piece.restart = true, false;
  piece.job->sole = &piece;
  partial.forget();
  partial.etag = strong_etag(head);
  piece.job->whole = piece.job->whole || piece.ranged;
  piece.ranged = false;
  piece.begin = piece.at = 0;
  piece.end = partial.size;
  return true;
}

bool Downloader::take_body(Piece& piece, std::string_view bytes) {
  const long status = piece.transfer->head().status;
  if (status != 200 && status != 206) return status < 400;  // curl tells where a redirect leads once its body has come
  if (piece.job->sole && piece.job->sole != &piece) return piece.unwanted = true, false;
  if (piece.end >= 0 && std::int64_t(bytes.size()) > piece.end - piece.at) bytes = bytes.substr(0, std::size_t(piece.end - piece.at));
  if (bytes.empty()) return false;  // more than was asked for
  if (auto written = piece.job->want.partial.write(piece.at, bytes); !written) return piece.fatal = written.error(), false;
  piece.at += std::int64_t(bytes.size());
  return true;
}

base::Result<void> Downloader::failed(Piece& piece, const std::string& why) {
  Job& job = *piece.job;
  if (piece.at > piece.begin && piece.ranged) job.failures = 0;  // what came is kept: that was progress
  job.serving.clear();
  if (++job.failures > session_.hub.tries)
    return fail(ErrorCode::Failed, "{}: {} ({} tries): what has arrived is kept, and the same command goes on from there", job.want.file.path, why,
                job.failures);
  const auto wait = time_to_wait(session_, *piece.transfer, job.failures);
  if (!wait) return base::forward(wait);
  job.not_before = Clock::now() + *wait;
  return {};
}

base::Result<void> Downloader::settle_status(Piece& piece, bool& moved_on) {
  Job& job = *piece.job;
  const Head& head = piece.transfer->head();
  if (head.status >= 300 && head.status < 400 && head.status != 304) {
    if (job.want.file.sha256.empty() && same_origin(piece.url, session_.hub.endpoint))
      if (std::string tag = head.field("x-linked-etag"); tag.size() == 66) job.want.file.sha256 = tag.substr(1, 64);
    auto next = next_hop(piece.url, piece.transfer->redirect(), piece.hops++);
    if (!next) return base::forward(next);
    piece.url = *next;
    start(piece);
    moved_on = true;
    return {};
  }
  if (worth_trying_again(head.status)) return failed(piece, fmt::format("the server answers {}", head.status));
  if (piece.url != job.want.url)  // its address may have run out
    return failed(piece, fmt::format("the place it is kept at answers {}", head.status));
  if (head.status == 416 && piece.ranged) {
    job.want.partial.forget();
    return failed(piece, "the server has fewer bytes than its list of files says");
  }
  return std::unexpected(status_error(session_, head, job.want.file.path));
}

base::Result<void> Downloader::settle(Piece& piece) {
  Job& job = *piece.job;
  Transfer& transfer = *piece.transfer;
  const long status = transfer.head().status;
  bool moved_on = false;
  base::Result<void> result;
  if (job.sole == &piece) {
    job.sole = nullptr;
    drop_pieces_of(job, &piece);
  }
  if (piece.unwanted) {
    result = {};
  } else if (piece.fatal) {
    result = std::unexpected(*piece.fatal);
  } else if (piece.restart) {
    drop_pieces_of(job, &piece);
    job.whole = job.whole || job.want.partial.etag.empty() || strong_etag(transfer.head()) == job.want.partial.etag;
    job.want.partial.forget();
    result = failed(piece, "the server's file changes while it is fetched");
  } else if (!piece.complaint.empty()) {
    result = failed(piece, piece.complaint);
  } else if (status != 0 && status != 200 && status != 206 && (transfer.ok() || status >= 300)) {
    result = settle_status(piece, moved_on);
  } else if (piece.end >= 0 && piece.at >= piece.end) {
    job.failures = 0, job.serving = piece.url;
  } else if (transfer.ok() && piece.end < 0) {
    job.want.partial.size = piece.at, job.whole = false;  // nobody knew better
  } else {
    const std::int64_t came = piece.at - piece.begin;
    result = failed(piece, transfer.ok() ? fmt::format("the server ended after {} of {} bytes", came, piece.end - piece.begin) : transfer.problem());
    if (!piece.ranged && !job.whole && job.want.partial.size < 0) job.want.partial.forget();
  }
  if (!moved_on) pieces_.remove_if([&](const Piece& p) { return &p == &piece; });
  return result;
}

void Downloader::drop_pieces_of(const Job& job, const Piece* but) {
  for (auto piece = pieces_.begin(); piece != pieces_.end();) {
    if (piece->job != &job || &*piece == but) {
      ++piece;
      continue;
    }
    session_.connections.remove(*piece->transfer);
    piece = pieces_.erase(piece);
  }
}

void Downloader::save() {
  for (Job& job : jobs_)
    if (!job.complete) (void)job.want.partial.save();
  saved_ = Clock::now();
}

void Downloader::tell() {
  std::int64_t sum = 0;
  for (const Job& job : jobs_) sum += job.want.partial.bytes_done();
  if (progress_) progress_(sum);
}

base::Result<void> Downloader::run() {
  base::Result<void> result;
  const auto all_there = [&] { return std::all_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.complete; }); };
  for (start_pieces(); result && !all_there(); start_pieces()) {
    if (session_.interrupt.asked()) {
      result = base::cancelled();
      break;
    }
    Transfer* ended = session_.connections.wait(100, session_.interrupt.fd());
    if (ended) {
      const auto piece = std::find_if(pieces_.begin(), pieces_.end(), [&](auto& p) { return p.transfer.get() == ended; });
      if (piece != pieces_.end()) result = settle(*piece);
    }
    if (Clock::now() - saved_ > std::chrono::milliseconds(500)) save();
    tell();
  }
  for (Piece& piece : pieces_) session_.connections.remove(*piece.transfer);
  pieces_.clear();
  for (Job& job : jobs_) (void)job.want.partial.save();
  return result;
}

}  // namespace

base::Result<void> download(Session& session, std::vector<Download>& files, const std::function<void(std::int64_t)>& progress) {
  return Downloader(session, files, progress).run();
}

}  // namespace app

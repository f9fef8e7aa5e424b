#include "engine/generate/beam_search.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <optional>
#include <utility>

#include "engine/generate/advance.h"
#include "engine/generate/next_token.h"
#include "engine/generate/onward.h"

namespace engine {
namespace {

// A path so much less likely than the best one, in nats, is not followed: it would cost a row and seldom win.
constexpr double kMargin = 4;
// What a complete path is worth for each of its tokens, in nats: a model is less sure of long lines than they deserve, and without this
// "f();" wins over every "f(a, b);".
constexpr double kPerToken = 0.3;
// Where answers are read on to the text behind them, that tells whole lines from short ones, and a token is worth less. Read on are those at most
// kSlack nats below the best; a nat of that text counts kOnward of one of theirs.
constexpr double kPerTokenOnward = 0.05, kSlack = 2, kOnward = 0.35;

struct Path {
  std::vector<TokenId> ids;
  std::vector<float> logprobs;
  double score = 0;            // the sum of logprobs
  double promise = 0;          // the same, as steering sees it
  Session* session = nullptr;  // holds the prompt and all ids but the last, perhaps with others behind them where it is complete
  Ending ending = Ending::Open;
  StopReason stop = StopReason::Caller;
};

// By which open paths are followed.
double hope(const Path& path) { return path.promise + kPerToken * double(path.ids.size()); }

// Ended by a limit, not by itself.
bool was_cut(const Path& path) { return path.stop == StopReason::MaxTokens || path.stop == StopReason::ContextFull; }

class BeamSearch {
 public:
  BeamSearch(const GeneratorParts& parts, const GenerateRequest& request, Generation& out, const OnToken& on_token)
      : parts_(parts), request_(request), out_(out), on_token_(on_token), width_(std::size_t(std::max(1, request.beams))), others_(parts.beams ? *parts.beams : own_) {}

  StopReason run(torch::Tensor logits, const std::stop_token& stop);

 private:
  // By which complete paths compete, of the sum of their log-probabilities.
  double worth(double sum, const Path& path) const { return sum + (request_.onward ? kPerTokenOnward : kPerToken) * double(path.ids.size()); }
  bool is_hopeless(const Path& path) const { return best_ && worth(path.promise, path) <= worth(best_->score, *best_) - (request_.onward ? kSlack : 0); }
  std::vector<Path> followers(torch::Tensor& logits_AV) const;
  void weigh_nothing(std::vector<Path>& paths);
  void widen(torch::Tensor& logits_AV);
  void place(std::vector<Path> chosen);
  bool compute(torch::Tensor& logits_AV, const std::stop_token& stop);
  bool hand_out(bool all);
  void keep_best();
  void close(Path path, StopReason reason);
  bool choose(const std::stop_token& stop);
  Session& free_session(const Session& parent);
  bool is_end(TokenId id) const { return std::find(request_.end_ids.begin(), request_.end_ids.end(), id) != request_.end_ids.end(); }

  const GeneratorParts& parts_;
  const GenerateRequest& request_;
  Generation& out_;
  const OnToken& on_token_;
  std::size_t width_;
  std::vector<Path> open_;
  std::optional<Path> best_;      // of the complete ones
  std::vector<Path> complete_;    // all of them, where they are to be told apart by what stands behind
  std::deque<Session> own_;       // where the engine keeps none
  std::deque<Session>& others_;   // beside the one that was given
};

void BeamSearch::close(Path path, StopReason reason) {
  path.stop = reason;
  if (request_.onward) {
    if (!was_cut(path)) complete_.push_back(path);
    // A path may have said the same again and again up to the limit: it counts where nothing else is complete.
    if (best_ && was_cut(path) != was_cut(*best_)) {
      if (was_cut(*best_)) best_ = std::move(path);
      return;
    }
  }
  if (!best_ || worth(path.score, path) > worth(best_->score, *best_)) best_ = std::move(path);
}

// What the open paths may become with one token more, the likeliest first.
std::vector<Path> BeamSearch::followers(torch::Tensor& logits_AV) const {
  const std::int64_t vocab = logits_AV.size(1);
  std::vector<Path> out;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const Path& path = open_[i];
    const std::span<float> row(logits_AV.mutable_data_ptr<float>() + std::int64_t(i) * vocab, std::size_t(vocab));
    for (const NextToken& token : next_tokens(row, request_, path.ids, width_ + 1)) {
      Path& next = out.emplace_back(path);
      next.score += token.logprob;
      next.promise = path.score + token.promise;
      const bool end = is_end(token.id);
      if (!end) {
        next.ids.push_back(token.id);
        next.logprobs.push_back(token.logprob);
      }
      next.stop = end ? StopReason::EndToken : StopReason::Caller;
      next.ending = request_.ending ? request_.ending(next.ids, end) : end ? Ending::Complete : Ending::Open;
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Path& a, const Path& b) { return hope(a) > hope(b); });
  return out;
}

// Saying nothing competes only where it is likelier than all else together.
void BeamSearch::weigh_nothing(std::vector<Path>& paths) {
  double something = 0, nothing = 0;
  for (const Path& path : paths) (path.ending == Ending::Empty ? nothing : something) += std::exp(path.promise);
  for (const Path& path : paths)
    if (path.ending == Ending::Empty && nothing > something) close(path, path.stop);
  std::erase_if(paths, [](const Path& path) { return path.ending == Ending::Empty; });
}

// One token more: complete paths compete, the likeliest others stay open.
void BeamSearch::widen(torch::Tensor& logits_AV) {
  std::vector<Path> paths = followers(logits_AV), still_open;
  weigh_nothing(paths);
  for (Path& path : paths) {
    if (still_open.size() == width_ || hope(path) < hope(paths.front()) - kMargin) break;
    if (is_hopeless(path)) continue;
    if (path.ending == Ending::Complete) close(path, path.stop);
    else if (std::int64_t(path.ids.size()) >= request_.max_tokens) close(path, StopReason::MaxTokens);
    else if (std::int64_t(request_.prompt.size() + path.ids.size()) > parts_.context) close(path, StopReason::ContextFull);
    else still_open.push_back(path);
  }
  std::erase_if(still_open, [&](const Path& path) { return is_hopeless(path); });
  place(std::move(still_open));
}

Session& BeamSearch::free_session(const Session& parent) {
  const auto used = [&](const Session& session) {
    return (best_ && best_->session == &session) || std::any_of(open_.begin(), open_.end(), [&](const Path& path) { return path.session == &session; });
  };
  const auto filled = [&](Session& session) -> Session& {
    const std::size_t shared = shared_prefix(session.ids, parent.ids);
    session.cache.take_rows(parent.cache, std::int64_t(shared));
    session.ids = parent.ids;
    return session;
  };
  if (!used(parts_.session)) return filled(parts_.session);
  for (Session& session : others_)
    if (!used(session)) return filled(session);
  others_.push_back({parent.cache.copy_of_first(parent.cache.length()), parent.ids});
  return others_.back();
}

// Each open path gets a session of its own: the first of those that follow from a path goes on in its session.
void BeamSearch::place(std::vector<Path> chosen) {
  open_ = std::move(chosen);
  std::vector<const Session*> taken;
  for (Path& path : open_) {
    if (std::find(taken.begin(), taken.end(), path.session) != taken.end()) path.session = &free_session(*path.session);
    taken.push_back(path.session);
  }
}

bool BeamSearch::compute(torch::Tensor& logits_AV, const std::stop_token& stop) {
  std::vector<TokenId> ids;
  std::vector<Session*> sessions;
  for (const Path& path : open_) {
    ids.push_back(path.ids.back());
    sessions.push_back(path.session);
  }
  logits_AV = advance_each(parts_.model, sessions, parts_.device, ids, stop);
  return logits_AV.defined();
}

// To the caller, what all paths agree on; false: it has enough.
bool BeamSearch::hand_out(bool all) {
  const Path* path = best_ ? &*best_ : open_.empty() ? nullptr : &open_.front();
  if (!path) return true;
  std::size_t agreed = path->ids.size();
  if (!all)
    for (const auto* others : {&open_, &complete_})
      for (const Path& other : *others) agreed = std::min(agreed, shared_prefix(std::span(path->ids).first(agreed), other.ids));
  while (out_.ids.size() < agreed) {
    const std::size_t at = out_.ids.size();
    out_.ids.push_back(path->ids[at]);
    out_.logprobs.push_back(path->logprobs[at]);
    if (on_token_ && on_token_({path->ids[at], path->logprobs[at]}) == Verdict::Stop) return false;
  }
  return true;
}

// Of complete paths nearly as likely as the best one, the one that what stands behind fits; false: stopped.
bool BeamSearch::choose(const std::stop_token& stop) {
  if (!best_) return true;
  std::erase_if(complete_, [&](const Path& path) { return worth(path.score, path) <= worth(best_->score, *best_) - kSlack; });
  if (complete_.size() < 2) return true;
  std::optional<Session> own;
  std::optional<Session>& session = parts_.onward ? *parts_.onward : own;
  if (!session) session.emplace(Session{parts_.session.cache.copy_of_first(0), {}});
  OnwardRating rating(parts_.model, *session, parts_.device, std::size_t(parts_.context), request_.text_before.empty() ? request_.prompt : request_.text_before);
  const Path* chosen = nullptr;
  double most = -std::numeric_limits<double>::infinity();
  for (const Path& path : complete_) {
    const auto onward = rating.rate(request_.onward(path.ids), stop);
    if (!onward) return false;
    const double all = worth(path.score, path) + kOnward * *onward;
    if (all > most) chosen = &path, most = all;
  }
  if (!chosen) return true;
  Session* const kept = best_->session;  // the chosen one's may be another path's by now
  best_ = *chosen;
  best_->session = kept;
  return true;
}

// The answer's keys and values are what the next prompt may begin with.
void BeamSearch::keep_best() {
  if (!best_) return;
  if (best_->session != &parts_.session) std::swap(parts_.session, *best_->session);
  // The session may hold what another path went on to.
  const std::size_t computed = best_->ids.empty() ? 0 : best_->ids.size() - 1, begun = request_.prompt.size();
  const std::span<const TokenId> written = std::span<const TokenId>(parts_.session.ids).subspan(std::min(begun, parts_.session.ids.size()));
  cut_back(parts_.session, begun + shared_prefix(written, std::span<const TokenId>(best_->ids).first(computed)));
}

StopReason BeamSearch::run(torch::Tensor logits, const std::stop_token& stop) {
  open_.push_back({.session = &parts_.session});
  if (request_.max_tokens == 0) return StopReason::MaxTokens;
  while (true) {
    if (stop.stop_requested()) return StopReason::Cancelled;
    widen(logits);
    const bool done = open_.empty();
    if (done && !choose(stop)) return StopReason::Cancelled;
    if (done) keep_best();
    if (!hand_out(done)) return StopReason::Caller;
    if (done) return best_ ? best_->stop : StopReason::EndToken;
    if (!compute(logits, stop)) return StopReason::Cancelled;
  }
}

}  // namespace

StopReason beam_search(const GeneratorParts& parts, const GenerateRequest& request, torch::Tensor logits, Generation& out, const OnToken& on_token,
                       const std::stop_token& stop) {
  return BeamSearch(parts, request, out, on_token).run(std::move(logits), stop);
}

}  // namespace engine

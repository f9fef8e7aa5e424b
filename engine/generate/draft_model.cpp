#include "engine/generate/draft_model.h"

#include <algorithm>
#include <cmath>

#include "engine/generate/advance.h"
#include "engine/generate/sampler.h"

namespace engine {
namespace {

constexpr std::size_t kMostSessions = 16;
constexpr std::size_t kStep = 2;  // tokens at most of what counts as a step: the due one, and the last draft's end

}  // namespace

DraftModel::DraftModel(DraftModelParts parts)
    : parts_(std::move(parts)), sessions_(parts_.model->config(), parts_.device, parts_.dtype, kMostSessions, parts_.session_bytes) {}

void DraftModel::begin(std::span<const TokenId> prompt) {
  session_ = nullptr;
  text_.clear();
  knows_all_ = true;
  for (const TokenId id : prompt) wrote(id);
}

void DraftModel::wrote(TokenId id) {
  text_.push_back(id);
  knows_all_ = knows_all_ && id < parts_.model->config().vocab_size;
}

std::size_t DraftModel::room() const {
  if (!knows_all_ || text_.empty()) return 0;
  return std::size_t(std::max<std::int64_t>(0, parts_.context - std::int64_t(text_.size())));
}

std::size_t DraftModel::behind() const {
  const std::span<const TokenId> before = std::span(text_).first(text_.size() - 1);
  return before.size() - (session_ ? shared_prefix(session_->ids, before) : sessions_.shared(before));
}

std::optional<DraftModel::Guess> DraftModel::next(std::span<const TokenId> drafted, DraftLength& length, const Milliseconds& now, const std::stop_token& stop) {
  std::vector<TokenId> all = text_;
  all.insert(all.end(), drafted.begin(), drafted.end());
  if (!session_) session_ = &sessions_.take(all);
  cut_back(*session_, std::min(shared_prefix(session_->ids, all), all.size() - 1));
  const std::size_t unread = all.size() - session_->ids.size();
  const double start = now();
  torch::Tensor logits;
  while (session_->ids.size() < all.size()) {
    const std::span<const TokenId> left = std::span<const TokenId>(all).subspan(session_->ids.size());
    const auto chunk = left.first(std::min(left.size(), std::size_t(parts_.chunks.next())));
    const double chunk_start = now();
    logits = advance(*parts_.model, *session_, parts_.device, chunk, LogitsOf::LastTokens, stop);
    if (!logits.defined()) return std::nullopt;
    parts_.chunks.measured(std::int64_t(chunk.size()), now() - chunk_start);
  }
  if (unread <= kStep) length.drafted(now() - start);
  else length.read(unread, now() - start);
  const std::span<const float> row(logits.const_data_ptr<float>(), std::size_t(logits.size(1)));
  Random unused(0);
  const TokenId id = choose(row, {}, unused);
  return Guess{id, std::exp(double(log_probability(row, id)))};
}

void DraftModel::forget() {
  session_ = nullptr;
  sessions_.forget();
}

}  // namespace engine

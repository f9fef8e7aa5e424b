#include "engine/generate/draft_length.h"

#include <algorithm>

namespace engine {
namespace {

constexpr double kFirstGuess[DraftSource::kLengths] = {0.3, 0.45, 0.6, 0.75, 0.85, 0.9};  // by the length of the match
constexpr double kGuessOfModel[DraftSource::kLengths] = {0.6, 0.25, 0.45, 0.65, 0.85, 0.95};  // of any token, then by how sure it was
constexpr double kGuessWeighs = 4, kMostWeight = 64;  // tokens; what is older than the latter fades
constexpr double kFades = 1.0 / 512;                  // of what is not measured any more, with each token
constexpr double kRowCosts = 0.04;                    // of a pass, where it was not measured yet: so that it is tried
constexpr double kNewest = 0.2, kOutlier = 2;         // a pass that others held up says little
constexpr double kReadingCosts = 0.1;                 // of a step of the draft model, where it was not measured yet: a token it reads
constexpr DraftSource kAnyOfModel{DraftSource::Kind::Model, 0};

double first_guess(std::size_t bucket) {
  const bool of_model = bucket / DraftSource::kLengths == std::size_t(DraftSource::Kind::Model);
  return (of_model ? kGuessOfModel : kFirstGuess)[bucket % DraftSource::kLengths];
}

void learn(double& known, double ms) { known = known == 0 ? ms : known + kNewest * (std::min(ms, kOutlier * known) - known); }

}  // namespace

DraftLength::DraftLength() {
  for (std::size_t i = 0; i < worth_.size(); ++i) worth_[i] = {kGuessWeighs * first_guess(i), kGuessWeighs};
}

double DraftLength::cost(std::size_t rows) const {
  rows = std::min(rows, kMostRows);
  std::size_t below = rows, above = rows;
  while (below > 0 && ms_[below] == 0) --below;
  while (above <= kMostRows && ms_[above] == 0) ++above;
  if (below == 0 && above > kMostRows) return 1 + kRowCosts * double(rows);  // nothing is known: the unit does not matter
  if (below == 0) return ms_[above] / (1 + kRowCosts * double(above - rows));
  if (above > kMostRows) return ms_[below] * (1 + kRowCosts * double(rows - below));
  if (above == below) return ms_[rows];
  return ms_[below] + (ms_[above] - ms_[below]) * double(rows - below) / double(above - below);
}

double DraftLength::cost_of_drafting() const { return step_ms_ == 0 || !measured_ ? share_ * cost(1) : step_ms_; }

DraftPlan DraftLength::plan(double right, std::size_t most, double each, double lag) const {
  double promised = 1, chance = 1;
  DraftPlan best{0, 1 / cost(1)};
  for (std::size_t length = 1; length <= std::min(most, kMostRows - 1); ++length) {
    promised += chance *= right;
    const double speed = promised / (cost(length + 1) + double(length) * each + promised * lag);
    if (speed > best.speed) best = {length, speed};
  }
  return best;
}

DraftPlan DraftLength::plan_model(DraftLag lag, std::size_t most) const {
  const double a_token = read_ms_ == 0 || !measured_ ? kReadingCosts * cost_of_drafting() : read_ms_;
  return plan(acceptance(kAnyOfModel), most, cost_of_drafting(), double(lag.tokens) * a_token / double(std::max<std::size_t>(1, lag.shared_by)));
}

bool DraftLength::goes_on(const Draft& draft) const {
  double promised = 1, chance = 1;
  for (const DraftSource& token : draft.each) promised += chance *= acceptance(token);
  const std::size_t length = draft.ids.size();
  if (length + 2 > kMostRows) return false;
  const double spent = double(length) * cost_of_drafting();
  return (promised + chance * acceptance(kAnyOfModel)) / (cost(length + 2) + spent + cost_of_drafting()) > promised / (cost(length + 1) + spent);
}

void DraftLength::keep_worthy(Draft& draft) {
  const double spent = double(draft.ids.size()) * cost_of_drafting();
  double promised = 1, chance = 1, best_speed = 1 / (cost(1) + spent);
  std::size_t best = 0;
  for (std::size_t length = 1; length <= draft.ids.size(); ++length) {
    promised += chance *= acceptance(draft.each[length - 1]);
    if (const double speed = promised / (cost(length + 1) + spent); speed > best_speed) best_speed = speed, best = length;
  }
  if (best == draft.ids.size()) return;
  // Never to be judged: it counts as what such tokens are worth.
  Worth& any = worth_[kAnyOfModel.bucket()];
  any.right += acceptance(draft.each[best]), any.tried += 1;
  draft.ids.resize(best), draft.each.resize(best);
}

void DraftLength::passed(std::size_t rows, double ms) {
  if (rows == 0 || rows > kMostRows) return;
  // The first one, too: a cost that was taken too high would never be measured again.
  if (ms_[rows] == 0 && measured_) ms = std::min(ms, kOutlier * cost(rows));
  learn(ms_[rows], ms);
  measured_ = true;
  if (rows == 1) forget_dear_rows();
}

// Costs that keep drafts from being made are not measured while they do: they fade, so that they are measured again some day.
void DraftLength::forget_dear_rows() {
  for (std::size_t rows = 2; rows <= kMostRows; ++rows)
    if (const double hoped = ms_[1] * (1 + kRowCosts * double(rows - 1)); ms_[rows] > hoped) ms_[rows] += kFades * (hoped - ms_[rows]);
}

void DraftLength::judged(DraftSource source, std::size_t right, bool one_was_wrong) {
  Worth& worth = worth_[source.bucket()];
  worth.right += double(right);
  worth.tried += double(right) + (one_was_wrong ? 1 : 0);
  if (worth.tried > kMostWeight) worth = {worth.right * kMostWeight / worth.tried, kMostWeight};
}

void DraftLength::judged(const Draft& draft, std::size_t right, bool one_was_wrong) {
  judged(draft.source, right, one_was_wrong);
  for (std::size_t i = 0; i < draft.each.size() && i < right; ++i) judged(draft.each[i], 1, false);
  if (one_was_wrong && right < draft.each.size()) judged(draft.each[right], 0, true);
}

void DraftLength::has_draft_model(double share) {
  share_ = share, step_ms_ = read_ms_ = 0;
  for (std::size_t i = kAnyOfModel.bucket(); i < kAnyOfModel.bucket() + DraftSource::kLengths; ++i) worth_[i] = {kGuessWeighs * first_guess(i), kGuessWeighs};
}

void DraftLength::passed_over() {
  for (std::size_t i = kAnyOfModel.bucket(); i < kAnyOfModel.bucket() + DraftSource::kLengths; ++i) {
    worth_[i].right += kFades * (kGuessWeighs * first_guess(i) - worth_[i].right);
    worth_[i].tried += kFades * (kGuessWeighs - worth_[i].tried);
  }
}

void DraftLength::drafted(double ms) { learn(step_ms_, ms); }

void DraftLength::read(std::size_t tokens, double ms) {
  if (tokens > 0) learn(read_ms_, ms / double(tokens));
}

}  // namespace engine

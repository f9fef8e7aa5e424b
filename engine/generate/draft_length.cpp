#include "engine/generate/draft_length.h"

#include <algorithm>

namespace engine {
namespace {

constexpr double kFirstGuess[DraftSource::kLengths] = {0.3, 0.45, 0.6, 0.75, 0.85, 0.9};  // by the length of the match
constexpr double kGuessWeighs = 4, kMostWeight = 64;  // tokens; what is older than the latter fades
constexpr double kRowCosts = 0.04;                    // of a pass, where it was not measured yet: so that it is tried
constexpr double kNewest = 0.2, kOutlier = 2;         // a pass that others held up says little

}  // namespace

DraftLength::DraftLength() {
  for (std::size_t i = 0; i < worth_.size(); ++i) worth_[i] = {kGuessWeighs * kFirstGuess[i % DraftSource::kLengths], kGuessWeighs};
}

double DraftLength::cost(std::size_t rows) const {
  rows = std::min(rows, kMostRows);
  std::size_t below = rows, above = rows;
  while (below > 0 && ms_[below] == 0) --below;
  while (above <= kMostRows && ms_[above] == 0) ++above;
  if (below == 0) return 1 + kRowCosts * double(rows);  // nothing is known: the unit does not matter
  if (above > kMostRows) return ms_[below] * (1 + kRowCosts * double(rows - below));
  if (above == below) return ms_[rows];
  return ms_[below] + (ms_[above] - ms_[below]) * double(rows - below) / double(above - below);
}

std::size_t DraftLength::best(DraftSource source, std::size_t most) const {
  const double right = acceptance(source);
  double promised = 1, chance = 1, best_speed = 1 / cost(1);
  std::size_t best = 0;
  for (std::size_t length = 1; length <= std::min(most, kMostRows - 1); ++length) {
    promised += chance *= right;
    if (const double speed = promised / cost(length + 1); speed > best_speed) best_speed = speed, best = length;
  }
  return best;
}

void DraftLength::passed(std::size_t rows, double ms) {
  if (rows == 0 || rows > kMostRows) return;
  double& known = ms_[rows];
  known = known == 0 ? ms : known + kNewest * (std::min(ms, kOutlier * known) - known);
}

void DraftLength::judged(DraftSource source, std::size_t right, bool one_was_wrong) {
  Worth& worth = worth_[source.bucket()];
  worth.right += double(right);
  worth.tried += double(right) + (one_was_wrong ? 1 : 0);
  if (worth.tried > kMostWeight) worth = {worth.right * kMostWeight / worth.tried, kMostWeight};
}

}  // namespace engine

#include "app/evaluate/metrics.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

namespace app {
namespace {

constexpr int kResamples = 1000;
constexpr std::size_t kMostCompared = 4000;  // bytes: a longer text is compared by its start
constexpr double kCoverages[] = {0.2, 0.4, 0.6};

double share(std::size_t part, std::size_t of) { return of ? double(part) / double(of) : 0; }

// Files are drawn, not holes: those of one file are alike.
Interval bootstrap(const std::vector<const Outcome*>& outcomes) {
  std::vector<Draw> draws;
  for (const Outcome* one : outcomes) draws.push_back({one->hole.file, one->exact});
  return interval_95(draws);
}

std::vector<Precision> precisions(const std::vector<const Outcome*>& outcomes) {
  std::vector<const Outcome*> shown;
  for (const Outcome* one : outcomes)
    if (one->shown) shown.push_back(one);
  std::stable_sort(shown.begin(), shown.end(), [](const Outcome* a, const Outcome* b) { return a->confidence > b->confidence; });
  std::vector<Precision> out;
  for (const double coverage : kCoverages) {
    const auto count = std::size_t(coverage * double(outcomes.size()) + 0.5);
    Precision one{coverage, std::nullopt};
    if (count > 0 && count <= shown.size())
      one.precision = share(std::size_t(std::count_if(shown.begin(), shown.begin() + std::ptrdiff_t(count), [](const Outcome* o) { return o->exact; })), count);
    out.push_back(one);
  }
  return out;
}

}  // namespace

double quantile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, std::size_t(p * double(values.size())))];
}

Interval interval_95(const std::vector<Draw>& draws) {
  std::map<std::size_t, std::pair<std::size_t, std::size_t>> by_group;  // hits, all
  for (const Draw& one : draws) {
    auto& [hits, all] = by_group[one.group];
    hits += one.hit;
    ++all;
  }
  if (by_group.empty()) return {};
  std::vector<std::pair<std::size_t, std::size_t>> groups;
  for (const auto& [group, counts] : by_group) groups.push_back(counts);
  std::mt19937_64 random(1);
  std::vector<double> values;
  for (int round = 0; round < kResamples; ++round) {
    std::size_t hits = 0, all = 0;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto& [h, n] = groups[std::size_t(random() % groups.size())];
      hits += h;
      all += n;
    }
    values.push_back(share(hits, all));
  }
  return {quantile(values, 0.025), quantile(values, 0.975)};
}

double edit_similarity(std::string_view a, std::string_view b) {
  a = a.substr(0, kMostCompared);
  b = b.substr(0, kMostCompared);
  if (a.empty() && b.empty()) return 1;
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t(0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] != b[j])});
      diagonal = above;
    }
  }
  return 1 - double(row.back()) / double(std::max(a.size(), b.size()));
}

Measured measure(const std::vector<const Outcome*>& outcomes) {
  Measured out{.holes = outcomes.size()};
  std::size_t shown = 0, exact = 0, doubled = 0, saved = 0, characters = 0;
  std::vector<double> times;
  for (const Outcome* one : outcomes) {
    shown += one->shown;
    exact += one->exact;
    doubled += one->doubled;
    characters += one->wanted.size();
    if (one->exact) saved += one->wanted.size();
    out.similarity += one->similarity / double(outcomes.size());
    times.push_back(one->ms);
  }
  out.shown = share(shown, outcomes.size());
  out.exact = share(exact, outcomes.size());
  out.exact_95 = bootstrap(outcomes);
  out.characters_saved = share(saved, characters);
  out.doubled = share(doubled, shown);
  out.precision = precisions(outcomes);
  out.p50_ms = quantile(times, 0.5);
  out.p95_ms = quantile(times, 0.95);
  return out;
}

Gate gated(const std::vector<const Outcome*>& outcomes, float confidence) {
  std::size_t shown = 0, exact = 0;
  for (const Outcome* one : outcomes)
    if (one->shown && one->confidence >= confidence) ++shown, exact += one->exact;
  return {share(shown, outcomes.size()), share(exact, shown)};
}

}  // namespace app

#include "engine/ngram/suffix_array.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace engine {
namespace {

using Ints = std::vector<std::int32_t>;
using Text = std::span<const std::int32_t>;
constexpr std::int32_t kLookEvery = 1 << 16;  // symbols between two looks whether to stop

// Terms of the paper. S-type: the suffix is smaller than the next one; L-type: larger. LMS: S-type behind an L-type.
class Sorter {
 public:
  Sorter(Text text, std::int32_t alphabet, std::stop_token stop)
      : text_(text), n_(std::int32_t(text.size())), stop_(std::move(stop)), small_(text.size()), bounds_(std::size_t(alphabet) + 1) {
    for (std::int32_t i = n_ - 2; i >= 0; --i) small_[i] = at(i) == at(i + 1) ? small_[i + 1] : at(i) < at(i + 1);
    for (const std::int32_t symbol : text_) ++bounds_[symbol + 1];
    std::partial_sum(bounds_.begin(), bounds_.end(), bounds_.begin());
  }

  Ints sort() {
    Ints lms;
    for (std::int32_t i = 1; i < n_; ++i)
      if (is_lms(i)) lms.push_back(i);
    sa_.assign(std::size_t(n_), -1);
    if (lms.empty()) {
      induce(lms);
      return std::move(sa_);
    }
    induce(lms);  // LMS substrings come out sorted
    if (stopped(0)) return {};
    order_lms(lms);
    if (stopped(0)) return {};
    std::fill(sa_.begin(), sa_.end(), -1);
    induce(lms);
    return std::move(sa_);
  }

 private:
  std::int32_t at(std::int32_t i) const { return text_[std::size_t(i)]; }
  bool stopped(std::int32_t i) const { return i % kLookEvery == 0 && stop_.stop_requested(); }
  bool is_lms(std::int32_t i) const { return i > 0 && small_[i] && !small_[i - 1]; }

  // From LMS suffixes in `lms`'s order: all L-type ones by a pass to the right, then all S-type ones by a pass to the left.
  void induce(const Ints& lms) {
    cursor_.assign(bounds_.begin() + 1, bounds_.end());  // ends of buckets
    for (std::size_t i = lms.size(); i-- > 0;) sa_[--cursor_[at(lms[i])]] = lms[i];
    cursor_.assign(bounds_.begin(), bounds_.end() - 1);
    sa_[cursor_[at(n_ - 1)]++] = n_ - 1;  // the last suffix is L-type: behind it stands the end, smaller than all
    for (std::int32_t i = 0; i < n_ && !stopped(i); ++i) {
      const std::int32_t before = sa_[i] - 1;
      if (before >= 0 && !small_[before]) sa_[cursor_[at(before)]++] = before;
    }
    cursor_.assign(bounds_.begin() + 1, bounds_.end());
    for (std::int32_t i = n_ - 1; i >= 0 && !stopped(i); --i) {
      const std::int32_t before = sa_[i] - 1;
      if (before >= 0 && small_[before]) sa_[--cursor_[at(before)]] = before;
    }
  }

  bool same_substring(std::int32_t a, std::int32_t b, std::int32_t a_end, std::int32_t b_end) const {
    if (a_end - a != b_end - b || a_end == n_ || b_end == n_) return false;
    return std::equal(text_.begin() + a, text_.begin() + a_end + 1, text_.begin() + b);
  }

  // Puts `lms` (in the order of the text) into the order of the suffixes.
  void order_lms(Ints& lms) {
    Ints sorted;
    sorted.reserve(lms.size());
    for (const std::int32_t position : sa_)
      if (is_lms(position)) sorted.push_back(position);
    Ints rank(std::size_t(n_) / 2 + 1, -1);  // by half the position: no two LMS positions are neighbours
    Ints end(std::size_t(n_) / 2 + 1, n_);   // where an LMS substring ends: the next LMS position
    for (std::size_t i = 0; i + 1 < lms.size(); ++i) end[lms[i] / 2] = lms[i + 1];
    std::int32_t names = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i > 0 && !same_substring(sorted[i - 1], sorted[i], end[sorted[i - 1] / 2], end[sorted[i] / 2])) ++names;
      rank[sorted[i] / 2] = names;
    }
    if (std::size_t(++names) == lms.size()) {
      lms = std::move(sorted);
      return;
    }
    Ints reduced(lms.size());
    std::transform(lms.begin(), lms.end(), reduced.begin(), [&](std::int32_t position) { return rank[position / 2]; });
    rank = {};
    end = {};
    sorted = {};
    Ints order = Sorter(reduced, names, stop_).sort();
    if (order.empty()) return;  // stopped
    std::transform(order.begin(), order.end(), order.begin(), [&](std::int32_t i) { return lms[i]; });
    lms = std::move(order);
  }

  Text text_;
  std::int32_t n_;
  std::stop_token stop_;
  std::vector<bool> small_;  // S-type
  Ints bounds_, cursor_;     // where each symbol's bucket begins; where the next suffix goes
  Ints sa_;
};

}  // namespace

std::vector<std::int32_t> suffix_array(std::span<const std::int32_t> text, std::int32_t alphabet, std::stop_token stop) {
  if (text.empty()) return {};
  Ints sorted = Sorter(text, alphabet, stop).sort();
  return stop.stop_requested() ? Ints() : sorted;
}

}  // namespace engine

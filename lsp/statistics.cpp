#include "lsp/statistics.h"

#include <algorithm>
#include <vector>

namespace lsp {
namespace {

constexpr std::size_t kMostKnown = 256, kMostLatencies = 1000;

}  // namespace

Statistics::Known* Statistics::find(const std::string& id) {
  const auto found = known_.find(id);
  return found == known_.end() ? nullptr : &found->second;
}

void Statistics::offered(const OfferedItem& item, double ms, bool from_ready) {
  latencies_.push_back(ms);
  if (latencies_.size() > kMostLatencies) latencies_.pop_front();
  if (from_ready) ++figures_.from_ready;
  if (Known* known = find(item.id)) {  // the same suggestion, further typed through
    known->item = item;  // what was taken before is counted, and no part of this
    known->counted = 0;
    return;
  }
  ++figures_.offered;
  known_[item.id].item = item;
  order_.push_back(item.id);
  if (order_.size() <= kMostKnown) return;
  known_.erase(order_.front());
  order_.pop_front();
}

void Statistics::shown(const std::string& id) {
  Known* known = find(id);
  if (!known || known->shown) return;
  known->shown = true;
  ++figures_.shown;
}

void Statistics::dismissed(const std::string& id) {
  Known* known = find(id);
  if (!known || known->dismissed) return;
  known->dismissed = true;
  ++figures_.dismissed;
}

void Statistics::accepted(const std::string& id) {
  Known* known = find(id);
  if (!known || known->accepted) return;
  known->accepted = true;
  ++figures_.accepted;
  if (known->partly) --figures_.partly_accepted;
  const std::size_t more = known->item.new_characters - std::min(known->counted, known->item.new_characters);
  figures_.accepted_characters += static_cast<std::int64_t>(more);
}

void Statistics::accepted_to(const std::string& id, std::size_t units) {
  Known* known = find(id);
  if (!known || known->accepted || units <= known->item.typed_units) return;
  if (!known->partly) ++figures_.partly_accepted;
  known->partly = true;
  const std::size_t taken = std::min(units - known->item.typed_units, known->item.new_characters);
  if (taken > known->counted) figures_.accepted_characters += static_cast<std::int64_t>(taken - known->counted);
  known->counted = std::max(known->counted, taken);
}

Figures Statistics::figures() const {
  Figures out = figures_;
  std::vector<double> sorted(latencies_.begin(), latencies_.end());
  std::ranges::sort(sorted);
  if (sorted.empty()) return out;
  out.median_ms = sorted[sorted.size() / 2];
  out.p95_ms = sorted[sorted.size() * 95 / 100];
  return out;
}

}  // namespace lsp

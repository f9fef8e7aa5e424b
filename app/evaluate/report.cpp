#include "app/evaluate/report.h"

#include <fmt/format.h>

namespace app {
namespace {

using base::Json;

template <class Keep>
std::vector<const Outcome*> those(const Trial& run, Keep&& keep) {
  std::vector<const Outcome*> out;
  for (const Outcome& one : run.outcomes)
    if (keep(one)) out.push_back(&one);
  return out;
}

Json to_json(const Slice& slice) {
  const Measured& m = slice.measured;
  Json precision = Json::array();
  for (const Precision& one : m.precision) {
    Json value = one.precision ? Json(*one.precision) : Json(nullptr);
    precision.push_back({{"coverage", one.coverage}, {"precision", std::move(value)}});
  }
  return {{"slice", slice.name},
          {"holes", m.holes},
          {"shown", m.shown},
          {"exact", m.exact},
          {"exact_95", {m.exact_95.low, m.exact_95.high}},
          {"edit_similarity", m.similarity},
          {"characters_saved", m.characters_saved},
          {"precision_at_coverage", std::move(precision)},
          {"suffix_doubled", m.doubled},
          {"p50_ms", m.p50_ms},
          {"p95_ms", m.p95_ms}};
}

// The whole curve: after each hundredth of the holes, the surest first.
Json curve(const Trial& run) {
  Json out = Json::array();
  const auto all = those(run, [](const Outcome&) { return true; });
  for (const float confidence : {0.f, .02f, .05f, .1f, .15f, .2f, .25f, .3f, .35f, .4f, .45f, .5f, .55f, .6f, .65f, .7f, .75f, .8f, .85f, .9f, .95f, .98f}) {
    const Gate gate = gated(all, confidence);
    out.push_back({{"confidence", confidence}, {"coverage", gate.coverage}, {"precision", gate.precision}});
  }
  return out;
}

std::string percent(double share) { return fmt::format("{:.1f}", share * 100); }

}  // namespace

std::vector<Slice> slices_of(const Trial& run) {
  std::vector<Slice> out = {{"all", measure(those(run, [](const Outcome&) { return true; }))}};
  for (const HoleKind kind : kHoleKinds) out.push_back({hole_kind_name(kind), measure(those(run, [&](const Outcome& one) { return one.hole.kind == kind; }))});
  out.push_back({"novel lines", measure(those(run, [](const Outcome& one) { return one.novel; }))});
  out.push_back({"names of other files", measure(those(run, [](const Outcome& one) { return one.cross_file; }))});
  std::erase_if(out, [](const Slice& slice) { return slice.measured.holes == 0; });
  return out;
}

std::string table(const std::vector<Trial>& runs) {
  std::string out;
  for (const Trial& run : runs) {
    out += fmt::format("{}\n{:22} {:>6} {:>7} {:>7} {:>13} {:>8} {:>7} {:>20} {:>8} {:>8} {:>8}\n", run.name, "", "holes", "shown %", "exact %", "95 % interval", "similar",
                       "saved %", "right at 20/40/60 %", "doubled", "p50 ms", "p95 ms");
    for (const Slice& slice : slices_of(run)) {
      const Measured& m = slice.measured;
      std::string right;
      for (const Precision& one : m.precision) right += (right.empty() ? "" : " / ") + (one.precision ? percent(*one.precision) : std::string("-"));
      out += fmt::format("{:22} {:>6} {:>7} {:>7} {:>13} {:>8.3f} {:>7} {:>20} {:>8} {:>8.1f} {:>8.1f}\n", slice.name, m.holes, percent(m.shown), percent(m.exact),
                         percent(m.exact_95.low) + " - " + percent(m.exact_95.high), m.similarity, percent(m.characters_saved), right, percent(m.doubled), m.p50_ms, m.p95_ms);
    }
    out += '\n';
  }
  return out;
}

Json to_json(const std::vector<Trial>& runs, const std::string& folder, std::uint64_t seed) {
  Json list = Json::array();
  for (const Trial& run : runs) {
    Json slices = Json::array();
    for (const Slice& slice : slices_of(run)) slices.push_back(to_json(slice));
    list.push_back({{"name", run.name}, {"model", run.model}, {"mode", run.mode}, {"slices", std::move(slices)}, {"curve", curve(run)}});
  }
  return {{"folder", folder}, {"seed", seed}, {"runs", std::move(list)}};
}

}  // namespace app

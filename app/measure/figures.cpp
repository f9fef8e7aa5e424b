#include "app/measure/figures.h"

#include <algorithm>
#include <cmath>

namespace app {

using base::Json;

const char* hit_name(Hit hit) {
  switch (hit) {
    case Hit::TypedThrough: return "typed_through";
    case Hit::Cached: return "cached";
    case Hit::Fresh: return "fresh";
    case Hit::Silent: return "silent";
    case Hit::Overtaken: return "overtaken";
  }
  return "unknown";
}

double percentile(std::vector<double> values, double percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = std::size_t(std::ceil(percent / 100 * double(values.size())));
  return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

Json distribution(const std::vector<double>& values) {
  return {{"n", values.size()}, {"p50", percentile(values, 50)}, {"p95", percentile(values, 95)}, {"p99", percentile(values, 99)}};
}

Json summary(const std::vector<KeyFigures>& keys) {
  std::vector<double> first, first_in_line, answers, model_answers;
  std::int64_t prompt = 0, computed = 0, written = 0, wasted = 0, asked = 0, suggested = 0;
  Json hits = Json::object();
  for (const Hit hit : kHits) hits[hit_name(hit)] = 0;
  for (const KeyFigures& key : keys) {
    hits[hit_name(key.hit)] = hits[hit_name(key.hit)].get<int>() + 1;
    prompt += key.prompt, computed += key.computed, written += key.written;
    asked += key.asked_model, suggested += key.suggested;
    if (key.hit == Hit::Overtaken) wasted += key.written;
    if (key.first_token_ms > 0) {
      first.push_back(key.first_token_ms);
      if (!key.new_line) first_in_line.push_back(key.first_token_ms);
    }
    if (key.hit == Hit::Overtaken || key.hit == Hit::Silent) continue;
    answers.push_back(key.answer_ms);
    if (key.asked_model) model_answers.push_back(key.answer_ms);
  }
  return {{"keys", keys.size()},
          {"suggested", suggested},
          {"hits", std::move(hits)},
          {"first_token_ms", distribution(first)},
          {"first_token_same_line_ms", distribution(first_in_line)},
          {"suggestion_ms", distribution(answers)},
          {"suggestion_by_model_ms", distribution(model_answers)},
          {"tokens",
           {{"prompt", prompt},
            {"computed", computed},
            {"reused", prompt - computed},
            {"computed_a_key", asked > 0 ? double(computed) / double(asked) : 0},
            {"written", written},
            {"wasted", wasted}}}};
}

}  // namespace app

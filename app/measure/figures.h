// figures.h: what became of each key that was typed, and what many of them come to.
// A side's replay gives a KeyFigures a key; summary() gives percentiles, counts and tokens as JSON, for the text and the page.
// Pure. Times are from the key. A key whose answer a newer key overtook has none.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace app {

enum class Hit {
  TypedThrough,  // answered from an earlier suggestion, without the model
  Cached,        // the model computed less than half of the prompt
  Fresh,         // it computed more
  Silent,        // no suggestion was wanted there
  Overtaken,     // the next key came first
};
const char* hit_name(Hit hit);
inline constexpr Hit kHits[] = {Hit::TypedThrough, Hit::Cached, Hit::Fresh, Hit::Silent, Hit::Overtaken};

struct KeyFigures {
  bool new_line = false;
  Hit hit = Hit::Overtaken;
  bool asked_model = false, suggested = false;
  double first_token_ms = 0;  // where the model wrote one for it
  double answer_ms = 0;       // unless overtaken
  std::int64_t prompt = 0, computed = 0, written = 0;  // tokens
};

// The value that `percent` of them do not exceed (nearest rank); 0 of none.
double percentile(std::vector<double> values, double percent);

base::Json summary(const std::vector<KeyFigures>& keys);
// {"n", "p50", "p95", "p99"}
base::Json distribution(const std::vector<double>& values);

}  // namespace app

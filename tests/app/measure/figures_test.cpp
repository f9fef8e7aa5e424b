#include "app/measure/figures.h"

#include "app/measure/chart.h"
#include "app/measure/page.h"
#include "support/catch.h"

using app::Hit;
using app::KeyFigures;

TEST_CASE("figures: percentiles are of the nearest rank") {
  CHECK(app::percentile({}, 50) == 0);
  CHECK(app::percentile({3}, 99) == 3);
  CHECK(app::percentile({5, 1, 4, 2, 3}, 50) == 3);
  CHECK(app::percentile({5, 1, 4, 2, 3}, 95) == 5);
  CHECK(app::percentile({1, 2, 3, 4}, 50) == 2);
}

TEST_CASE("figures: overtaken keys have no answer, and what was written for them is waste") {
  const base::Json sum = app::summary({
      {.hit = Hit::Cached, .asked_model = true, .suggested = true, .first_token_ms = 10, .answer_ms = 50, .prompt = 100, .computed = 2, .written = 8},
      {.new_line = true, .hit = Hit::Fresh, .asked_model = true, .suggested = true, .first_token_ms = 30, .answer_ms = 90, .prompt = 100, .computed = 98, .written = 8},
      {.hit = Hit::Overtaken, .asked_model = true, .first_token_ms = 20, .prompt = 100, .computed = 1, .written = 3},
      {.hit = Hit::TypedThrough, .suggested = true, .answer_ms = 1},
      {.hit = Hit::Silent, .answer_ms = 0.5},
  });
  CHECK(sum["tokens"]["wasted"] == 3);
  CHECK(sum["tokens"]["computed"] == 101);
  CHECK(sum["tokens"]["reused"] == 199);
  CHECK(sum["suggestion_ms"]["n"] == 3);
  CHECK(sum["suggestion_ms"]["p95"] == 90);
  CHECK(sum["suggestion_by_model_ms"]["n"] == 2);
  CHECK(sum["first_token_ms"]["n"] == 3);
  CHECK(sum["first_token_same_line_ms"]["p95"] == 20);
  CHECK(sum["hits"]["overtaken"] == 1);
}

TEST_CASE("page: names from outside are text, never markup") {
  CHECK(app::escaped("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;");
  const base::Json report = {{"model", "<script>"}, {"quant", "q4_0"}, {"threads", 2}, {"runs", 1},
                             {"tasks", {{{"task", "prefill 64"}, {"tokens_per_s", 10.0}, {"best", 11.0}, {"first_token_ms", 6.4}}}}};
  const std::string page = app::bench_page(report);
  CHECK(page.find("<script>") == std::string::npos);
  CHECK(page.find("&lt;script&gt;") != std::string::npos);
  CHECK(page.find("<svg") != std::string::npos);
}

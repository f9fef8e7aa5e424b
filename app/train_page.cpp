#include "app/train_page.h"

#include "app/evaluate/page.h"
#include "base/json.h"

namespace app {
namespace {

using base::Json;

constexpr std::size_t kMostPoints = 2000;  // of a curve: more than a screen has

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Rigpilot: a training</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#222}
.chart{position:relative;height:340px;margin:1em 0 2em}
</style></head><body>
)";

constexpr std::string_view kBody = R"(<h2>Loss, nats a token</h2>
<div class="chart"><canvas id="loss"></canvas></div>
<h2>Learning rate</h2>
<div class="chart"><canvas id="rate"></canvas></div>
<h2>Tokens a second</h2>
<div class="chart"><canvas id="speed"></canvas></div>
)";

constexpr std::string_view kScript = R"(
const line = (id, title, sets) => new Chart(document.getElementById(id), { type: 'line',
  data: { datasets: sets.map(([label, colour, data, width]) => ({ label, borderColor: colour, backgroundColor: colour, borderWidth: width, pointRadius: data.length < 60 ? 3 : 0, data })) },
  options: { animation: false, maintainAspectRatio: false, parsing: false, scales: { x: { type: 'linear', title: { display: true, text: 'step' } }, y: { title: { display: true, text: title } } } } });
let mean = null;
const smooth = curve.loss.map(({ x, y }) => ({ x, y: (mean = mean === null ? y : 0.95 * mean + 0.05 * y) }));
line('loss', 'nats a token', [['each step', '#bfdbfe', curve.loss, 1], ['smoothed', '#2563eb', smooth, 2], ['validation', '#ea580c', curve.validation, 2]]);
line('rate', '', [['learning rate', '#16a34a', curve.rate, 2]]);
line('speed', '', [['tokens a second', '#9333ea', curve.speed, 1]]);
)";

Json thinned(const Json& points) {
  if (points.size() <= kMostPoints) return points;
  Json out = Json::array();
  for (std::size_t i = 0; i < kMostPoints; ++i) out.push_back(points[i * points.size() / kMostPoints]);
  return out;
}

}  // namespace

std::string curve_page(std::string_view title, std::string_view metrics) {
  Json loss = Json::array(), validation = Json::array(), rate = Json::array(), speed = Json::array();
  while (!metrics.empty()) {
    const std::string_view line = metrics.substr(0, metrics.find('\n'));
    metrics.remove_prefix(std::min(line.size() + 1, metrics.size()));
    const auto json = base::parse_json(line, "metrics");
    const auto step = json ? base::try_get<std::int64_t>(*json, "step") : std::nullopt;
    if (!step) continue;
    for (const auto& [name, into] : {std::pair{"loss", &loss}, {"validation_loss", &validation}, {"rate", &rate}, {"tokens_per_second", &speed}})
      if (const auto value = base::try_get<double>(*json, name)) into->push_back({{"x", *step}, {"y", *value}});
  }
  const Json curve = {{"loss", thinned(loss)}, {"validation", thinned(validation)}, {"rate", thinned(rate)}, {"speed", thinned(speed)}};
  std::string out(kHead);
  out += fmt::format("<h1>{}</h1><p>Made by <code>rigpilot train</code>.</p>\n", html_escaped(title));
  out += kBody;
  out += "<script>";
  out += chart_js();
  out += fmt::format("</script>\n<script>\nconst curve = {};\n{}</script>\n</body></html>\n", html_script_json(curve), kScript);
  return out;
}

}  // namespace app

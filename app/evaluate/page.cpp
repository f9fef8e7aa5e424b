#include "app/evaluate/page.h"

#include <fmt/format.h>

// Chart.js as third_party/packages.cmake found it, put into the program by the assembler.
__asm__(
    ".section .rodata\n"
    ".global rigpilot_chart_js, rigpilot_chart_js_end\n"
    ".hidden rigpilot_chart_js, rigpilot_chart_js_end\n"
    "rigpilot_chart_js:\n"
    ".incbin \"" RIGPILOT_CHART_JS "\"\n"
    "rigpilot_chart_js_end:\n"
    ".byte 0\n"
    ".previous\n");
extern "C" const char rigpilot_chart_js[], rigpilot_chart_js_end[];

namespace app {

std::string_view chart_js() { return {rigpilot_chart_js, std::size_t(rigpilot_chart_js_end - rigpilot_chart_js)}; }

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

std::string html_script_json(const base::Json& value) {
  std::string out;
  for (const char c : base::dump_json(value)) {
    if (c == '<') out += "\\u003c";
    else out += c;
  }
  return out;
}

namespace {

using base::Json;

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Rigpilot: how good its suggestions are</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0;font-size:13px;display:block;overflow-x:auto}
td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}
td:first-child,th:first-child{text-align:left}
.chart{position:relative;height:340px;margin:1em 0 2em}
</style></head><body>
)";

constexpr std::string_view kBody = R"(<h2>Exact suggestions by place</h2>
<p>The share of holes where the suggestion was, to the letter, what had stood there. Lines: 95 % intervals, by drawing files anew.</p>
<div class="chart"><canvas id="exact"></canvas></div>
<h2>Precision over coverage</h2>
<p>If only the surest suggestions are shown: how many of those are right (up), at which share of all places (right).</p>
<div class="chart"><canvas id="curve"></canvas></div>
<h2>Characters saved and similarity</h2>
<div class="chart"><canvas id="saved"></canvas></div>
<h2>Time for a suggestion</h2>
<div class="chart"><canvas id="time"></canvas></div>
)";

// What every page draws its bars with.
constexpr std::string_view kBars = R"(
const colours = ['#2563eb', '#ea580c', '#16a34a', '#9333ea', '#dc2626', '#0891b2'];
const runs = report.runs, percent = (x) => 100 * x;
const pick = (run, name, value) => { const s = run.slices.find((one) => one.slice === name); return s ? value(s) : null; };
const intervals = { id: 'intervals', afterDatasetsDraw(chart) {
  chart.data.datasets.forEach((set, i) => chart.getDatasetMeta(i).data.forEach((bar, j) => {
    if (!set.intervals?.[j]) return;
    const [low, high] = set.intervals[j].map((x) => chart.scales.y.getPixelForValue(percent(x)));
    const c = chart.ctx; c.save(); c.strokeStyle = '#333'; c.beginPath(); c.moveTo(bar.x, low); c.lineTo(bar.x, high); c.stroke(); c.restore();
  }));
} };
const bars = (id, title, labels, value, more = () => ({})) => new Chart(document.getElementById(id), { type: 'bar', plugins: [intervals],
  data: { labels, datasets: runs.map((run, i) => ({ label: run.name, backgroundColor: colours[i % 6], data: labels.map((name) => value(run, name)), ...more(run, labels) })) },
  options: { animation: false, maintainAspectRatio: false, scales: { y: { beginAtZero: true, title: { display: true, text: title } } } } });
)";

constexpr std::string_view kScript = R"(
const names = [...new Set(runs.flatMap((run) => run.slices.map((s) => s.slice)))];
bars('exact', '% exact', names, (run, name) => pick(run, name, (s) => percent(s.exact)), (run, labels) => ({ intervals: labels.map((name) => pick(run, name, (s) => s.exact_95)) }));
new Chart(document.getElementById('curve'), { type: 'line', data: { datasets: runs.map((run, i) => ({ label: run.name, borderColor: colours[i % 6], pointRadius: 2,
  data: run.curve.filter((p) => p.coverage > 0).map((p) => ({ x: percent(p.coverage), y: percent(p.precision) })) })) },
  options: { animation: false, maintainAspectRatio: false, scales: { x: { type: 'linear', min: 0, max: 100, title: { display: true, text: 'coverage, %' } },
    y: { min: 0, max: 100, title: { display: true, text: 'precision, %' } } } } });
bars('saved', '%', ['characters saved', 'edit similarity', 'suggestions shown', 'next line doubled'], (run, name) => pick(run, 'all', (s) =>
  percent({ 'characters saved': s.characters_saved, 'edit similarity': s.edit_similarity, 'suggestions shown': s.shown, 'next line doubled': s.suffix_doubled }[name])));
bars('time', 'ms', ['half of them within', '95 % within'], (run, name) => pick(run, 'all', (s) => (name.startsWith('half') ? s.p50_ms : s.p95_ms)));
)";

std::string percent(const Json& value) { return value.is_number() ? fmt::format("{:.1f}", value.get<double>() * 100) : std::string("-"); }

std::string table_of(const Json& run) {
  std::string out = fmt::format("<h3>{}</h3><table><tr><th></th><th>holes</th><th>shown %</th><th>exact %</th><th>95 %</th><th>similarity</th><th>characters saved %</th>"
                                "<th>right at 20 / 40 / 60 %</th><th>next line doubled %</th><th>p50 ms</th><th>p95 ms</th></tr>\n",
                                html_escaped(run.at("name").get<std::string>()));
  for (const Json& slice : run.at("slices")) {
    std::string right;
    for (const Json& one : slice.at("precision_at_coverage")) right += (right.empty() ? "" : " / ") + percent(one.at("precision"));
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} - {}</td><td>{:.3f}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1f}</td><td>{:.1f}</td></tr>\n",
                       html_escaped(slice.at("slice").get<std::string>()), slice.at("holes").get<std::size_t>(), percent(slice.at("shown")), percent(slice.at("exact")),
                       percent(slice.at("exact_95").at(0)), percent(slice.at("exact_95").at(1)), slice.at("edit_similarity").get<double>(), percent(slice.at("characters_saved")), right,
                       percent(slice.at("suffix_doubled")), slice.at("p50_ms").get<double>(), slice.at("p95_ms").get<double>());
  }
  return out + "</table>\n";
}

}  // namespace

std::string page_begin() { return std::string(kHead); }

std::string page_end(const Json& report, std::string_view script) {
  std::string out = "<script>";
  out.append(rigpilot_chart_js, rigpilot_chart_js_end);
  return out + fmt::format("</script>\n<script>\nconst report = {};\n{}{}</script>\n</body></html>\n", html_script_json(report), kBars, script);
}

std::string page_of(const Json& report) {
  std::string out = page_begin();
  out += fmt::format("<h1>How good the suggestions are</h1><p>Holes cut into the code of <code>{}</code> (seed {}), each file hidden from the index while it is asked about; "
                     "made by <code>rigpilot evaluate</code>.</p>\n",
                     html_escaped(report.at("folder").get<std::string>()), report.at("seed").get<std::uint64_t>());
  out += kBody;
  for (const Json& run : report.at("runs")) out += table_of(run);
  return out + page_end(report, kScript);
}

}  // namespace app

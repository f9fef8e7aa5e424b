#include <fmt/format.h>

#include "app/evaluate/page.h"
#include "app/evaluate/tasks/report_tasks.h"

namespace app {
namespace {

using base::Json;

constexpr std::string_view kBody = R"(<h2>Tests passed</h2>
<p>The share of tasks whose tests pass with the first suggestion (pass@1). Lines: 95 % intervals, by drawing problems anew.</p>
<div class="chart"><canvas id="passed"></canvas></div>
<h2>Exact suggestions and similarity</h2>
<div class="chart"><canvas id="exact"></canvas></div>
<h2>Time for a suggestion</h2>
<div class="chart"><canvas id="time"></canvas></div>
)";

constexpr std::string_view kScript = R"(
const names = [...new Set(runs.flatMap((run) => run.slices.map((s) => s.slice)))];
bars('passed', '% passed', names, (run, name) => pick(run, name, (s) => (s.pass_at_1 === null ? null : percent(s.pass_at_1))),
  (run, labels) => ({ intervals: labels.map((name) => pick(run, name, (s) => s.pass_at_1_95)) }));
bars('exact', '%', ['suggestions shown', 'exact', 'edit similarity'], (run, name) => pick(run, 'all', (s) =>
  percent({ 'suggestions shown': s.shown, exact: s.exact, 'edit similarity': s.edit_similarity }[name])));
bars('time', 'ms', ['half of them within', '95 % within'], (run, name) => pick(run, 'all', (s) => (name.startsWith('half') ? s.p50_ms : s.p95_ms)));
)";

std::string percent(const Json& value) { return value.is_number() ? fmt::format("{:.1f}", value.get<double>() * 100) : std::string("-"); }

std::string interval(const Json& value) { return value.is_array() ? percent(value.at(0)) + " - " + percent(value.at(1)) : std::string("-"); }

std::string table_of(const Json& run) {
  std::string out = fmt::format("<h3>{}</h3><table><tr><th></th><th>tasks</th><th>skipped</th><th>pass@1 %</th><th>95 %</th><th>shown %</th><th>exact %</th><th>similarity</th>"
                                "<th>p50 ms</th><th>p95 ms</th></tr>\n",
                                html_escaped(run.at("name").get<std::string>()));
  for (const Json& s : run.at("slices"))
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.3f}</td><td>{:.1f}</td><td>{:.1f}</td></tr>\n",
                       html_escaped(s.at("slice").get<std::string>()), s.at("tasks").get<std::size_t>(), s.at("skipped").get<std::size_t>(), percent(s.at("pass_at_1")),
                       interval(s.at("pass_at_1_95")), percent(s.at("shown")), percent(s.at("exact")), s.at("edit_similarity").get<double>(), s.at("p50_ms").get<double>(),
                       s.at("p95_ms").get<double>());
  return out + "</table>\n";
}

}  // namespace

std::string page_of_tasks(const Json& report) {
  std::string out = page_begin();
  out += fmt::format("<h1>How many tests pass</h1><p>The tasks of <code>{}</code>: a hole in each solution filled by the first suggestion, then the task's own tests; made by "
                     "<code>rigpilot evaluate --tasks</code>.</p>\n",
                     html_escaped(report.at("tasks").get<std::string>()));
  for (const Json& one : report.at("skipped")) out += fmt::format("<p>{}.</p>\n", html_escaped(one.get<std::string>()));
  out += kBody;
  for (const Json& run : report.at("runs")) out += table_of(run);
  return out + page_end(report, kScript);
}

}  // namespace app

#include "app/measure/page.h"

#include <vector>

#include "app/measure/chart.h"

namespace app {
namespace {

using base::Json;

constexpr std::string_view kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:780px;margin:2em auto;padding:0 1em;color:#222}"
    "svg{max-width:100%;height:auto;font:12px system-ui,sans-serif}table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}"
    "h3{margin-bottom:.2em}.legend{margin:0}";

std::string text_of(const Json& object, const char* field) {
  const Json* value = base::find_field(object, field);
  if (!value) return "";
  return value->is_string() ? value->get<std::string>() : value->dump();
}

std::vector<double> numbers(const Json& object, const char* field) {
  std::vector<double> out;
  if (const Json* values = base::find_field(object, field))
    for (const Json& value : *values) out.push_back(value.get<double>());
  return out;
}

std::string ms_text(double value) { return fmt::format("{:.1f}", value); }

std::string speed_part(const Json& report) {
  std::vector<std::string> sides = {"Rigpilot"};
  if (report.contains("rival")) sides.push_back(text_of(report, "rival"));
  std::vector<Bar> speed, first;
  for (const Json& task : report.at("tasks")) {
    Bar tokens{text_of(task, "task"), {task.at("tokens_per_s").get<double>()}}, wait{tokens.label, {task.at("first_token_ms").get<double>()}};
    if (task.contains("rival")) {
      tokens.values.push_back(task.at("rival").at("tokens_per_s").get<double>());
      wait.values.push_back(task.at("rival").at("first_token_ms").get<double>());
    }
    speed.push_back(std::move(tokens));
    first.push_back(std::move(wait));
  }
  return bars("Speed", "tokens a second", sides, speed) + bars("Time to the first token", "ms", sides, first);
}

std::vector<std::string> row_of(const char* name, const Json& sides, const auto& value) {
  std::vector<std::string> row = {name};
  for (const Json& side : sides) row.push_back(value(side));
  return row;
}

std::string keystroke_table(const Json& sides) {
  std::vector<std::string> head = {"ms from a key"};
  for (const Json& side : sides) head.push_back(text_of(side, "name"));
  std::vector<std::vector<std::string>> rows;
  const std::pair<const char*, const char*> figures[] = {{"first_token_ms", "first token"},
                                                         {"first_token_same_line_ms", "first token, same line"},
                                                         {"suggestion_ms", "suggestion"}};
  for (const auto& [field, name] : figures)
    for (const char* percent : {"p50", "p95", "p99"})
      rows.push_back(row_of(fmt::format("{}, {}", name, percent).c_str(), sides,
                            [&](const Json& side) { return ms_text(side.at(field).at(percent).get<double>()); }));
  for (const char* field : {"prompt", "computed", "reused", "written", "wasted"})
    rows.push_back(row_of(fmt::format("tokens: {}", field).c_str(), sides,
                          [&](const Json& side) { return side.at("tokens").at(field).dump(); }));
  return table(head, rows);
}

std::string keystroke_part(const Json& report) {
  const Json& sides = report.at("sides");
  std::vector<Series> first, whole;
  std::vector<std::string> names;
  for (const Json& side : sides) {
    names.push_back(text_of(side, "name"));
    first.push_back({names.back(), numbers(side, "first_token_values")});
    whole.push_back({names.back(), numbers(side, "suggestion_values")});
  }
  std::vector<Bar> hits;
  for (const auto& [hit, count] : sides.front().at("hits").items()) {
    Bar bar{hit, {}};
    for (const Json& side : sides) bar.values.push_back(side.at("hits").at(hit).get<double>());
    hits.push_back(std::move(bar));
  }
  std::string out = fmt::format("<p>{} keys at {} words a minute in {}; {} tokens around the cursor{}.</p>", text_of(sides.front(), "keys"),
                                text_of(report, "words_a_minute"), escaped(text_of(report, "file")), text_of(report, "prompt_tokens"),
                                report.value("busy", false) ? "; a compiler on every core" : "");
  out += distribution_chart("A key to the first token", "ms", first) + distribution_chart("A key to the suggestion", "ms", whole);
  out += keystroke_table(sides) + bars("What became of the keys", "keys", names, hits);
  if (const Json* cancel = base::find_field(report, "cancel")) {
    const Json& rival = cancel->contains("rival") ? cancel->at("rival") : *cancel;
    std::vector<Bar> colds = {{"cold", {cancel->at("cold_ms").get<double>()}}, {"after a cancel", {cancel->at("after_cancel_ms").get<double>()}}};
    if (cancel->contains("rival")) {
      colds[0].values.push_back(rival.at("cold_ms").get<double>());
      colds[1].values.push_back(rival.at("after_cancel_ms").get<double>());
    }
    out += bars("First token, cold, and when the request before was cancelled after 100 ms", "ms", names, colds);
    out += table({"from a cancel to the engine's rest, ms", "p50", "p95", "p99"},
                 {row_of("in a cold prompt", Json::array({"p50", "p95", "p99"}), [&](const Json& p) { return ms_text(cancel->at("in_prompt_ms").at(p.get<std::string>()).get<double>()); }),
                  row_of("while writing", Json::array({"p50", "p95", "p99"}), [&](const Json& p) { return ms_text(cancel->at("in_writing_ms").at(p.get<std::string>()).get<double>()); })});
  }
  return out;
}

}  // namespace

std::string bench_page(const Json& report) {
  const std::string title = fmt::format("rigpilot bench: {}", text_of(report, "model"));
  std::string body = fmt::format("<h1>{}</h1><p>{}, {} threads, {} runs.</p>", escaped(title), escaped(text_of(report, "quant")),
                                 text_of(report, "threads"), text_of(report, "runs"));
  if (report.contains("tasks")) body += speed_part(report);
  if (report.contains("sides")) body += keystroke_part(report);
  return fmt::format("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{}</title><style>{}</style>{}</html>\n", escaped(title), kStyle, body);
}

}  // namespace app

#include "app/measure/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace app {
namespace {

constexpr std::string_view kColours[] = {"#2563eb", "#d97706", "#16a34a", "#9333ea"};
constexpr double kWidth = 720, kLeft = 190, kBar = 16, kRight = 90;

std::string_view colour(std::size_t side) { return kColours[side % std::size(kColours)]; }

std::string number(double value) { return value >= 100 ? fmt::format("{:.0f}", value) : value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value); }

std::string legend(const std::vector<std::string>& names) {
  std::string out = "<p class=\"legend\">";
  for (std::size_t i = 0; i < names.size(); ++i)
    out += fmt::format("<span style=\"color:{}\">&#9632;</span> {} &nbsp; ", colour(i), escaped(names[i]));
  return out + "</p>";
}

// A round number at or above: 1, 2 or 5 times a power of ten.
double round_up(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0, 10.0})
    if (value <= step * power) return step * power;
  return 10 * power;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

std::string bars(std::string_view title, std::string_view unit, const std::vector<std::string>& sides, const std::vector<Bar>& all) {
  double most = 0;
  for (const Bar& bar : all)
    for (const double value : bar.values) most = std::max(most, value);
  most = round_up(most);
  std::string body;
  double y = 4;
  for (const Bar& bar : all) {
    body += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", kLeft - 8, y + kBar - 4, escaped(bar.label));
    for (std::size_t side = 0; side < bar.values.size(); ++side, y += kBar) {
      const double width = std::max(1.0, bar.values[side] / most * (kWidth - kLeft - kRight));
      body += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\"/><text x=\"{:.1f}\" y=\"{}\">{}</text>", kLeft, y, width,
                          kBar - 3, colour(side), kLeft + width + 5, y + kBar - 4, number(bar.values[side]));
    }
    y += 6;
  }
  return fmt::format("<h3>{}, {}</h3>{}<svg viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\">{}</svg>\n", escaped(title), escaped(unit),
                     sides.size() > 1 ? legend(sides) : "", kWidth, y, kWidth, y, body);
}

std::string distribution_chart(std::string_view title, std::string_view unit, const std::vector<Series>& series) {
  constexpr double kHeight = 220, kPad = 40;
  double most = 0;
  for (const Series& one : series)
    for (const double value : one.values) most = std::max(most, value);
  // A logarithmic axis: a typed-through answer and a cold one are a thousand times apart.
  const double least = 0.1, decades = std::max(1.0, std::ceil(std::log10(std::max(1.0, most) / least)));
  const auto x = [&](double value) { return kPad + std::log10(std::max(value, least) / least) / decades * (kWidth - 2 * kPad); };
  const auto y = [&](double share) { return kHeight - kPad + 10 - share * (kHeight - kPad - 5); };
  std::string body;
  for (int decade = 0; decade <= int(decades); ++decade) {
    const double at = x(least * std::pow(10, decade));
    body += fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"5\" y2=\"{1}\" stroke=\"#ddd\"/><text x=\"{0:.1f}\" y=\"{2}\" text-anchor=\"middle\">{3}</text>",
                        at, kHeight - kPad + 10, kHeight - 8, number(least * std::pow(10, decade)));
  }
  for (const double share : {0.5, 0.95})
    body += fmt::format("<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#eee\"/><text x=\"{3}\" y=\"{2:.1f}\">{4:.0f} %</text>", kPad,
                        kWidth - kPad, y(share), 0, share * 100);
  std::vector<std::string> names;
  for (std::size_t side = 0; side < series.size(); ++side) {
    std::vector<double> sorted = series[side].values;
    std::sort(sorted.begin(), sorted.end());
    names.push_back(fmt::format("{} ({})", series[side].name, sorted.size()));
    std::string points;
    for (std::size_t i = 0; i < sorted.size(); ++i)
      points += fmt::format("{:.1f},{:.1f} {:.1f},{:.1f} ", x(sorted[i]), y(double(i) / double(sorted.size())), x(sorted[i]), y(double(i + 1) / double(sorted.size())));
    body += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>", points, colour(side));
  }
  return fmt::format("<h3>{}, {}: share of the keys that waited at most so long</h3>{}<svg viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\">{}</svg>\n",
                     escaped(title), escaped(unit), legend(names), kWidth, kHeight, kWidth, kHeight, body);
}

std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<table><tr>";
  for (const std::string& cell : head) out += fmt::format("<th>{}</th>", escaped(cell));
  out += "</tr>";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += fmt::format("<td>{}</td>", escaped(cell));
    out += "</tr>";
  }
  return out + "</table>\n";
}

}  // namespace app

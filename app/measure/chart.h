// chart.h: bars, curves and tables as HTML and SVG text.
// Each function gives a piece of a page; colours are one a side (ours, the rival's). Pure; labels are escaped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace app {

std::string escaped(std::string_view text);  // for HTML

struct Bar {
  std::string label;
  std::vector<double> values;  // one a side
};
std::string bars(std::string_view title, std::string_view unit, const std::vector<std::string>& sides, const std::vector<Bar>& bars);

// How many of the values are at most x: one rising line a side.
struct Series {
  std::string name;
  std::vector<double> values;
};
std::string distribution_chart(std::string_view title, std::string_view unit, const std::vector<Series>& series);

std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);

}  // namespace app

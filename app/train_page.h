// train_page.h: the curve of a training as one web page: loss, validation, learning rate and speed, in a single file.
// curve_page(title, METRICS) of the text of a metrics.jsonl (train_log.h). Drawn by Chart.js, which the page carries; no network.
// Pure; lines that are no JSON are left out.
#pragma once

#include <string>
#include <string_view>

namespace app {

std::string curve_page(std::string_view title, std::string_view metrics);

}  // namespace app

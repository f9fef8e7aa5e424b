// page.h: what `rigpilot evaluate` measured as one web page: charts and tables, several models side by side, in a single file.
// page_of() of the same JSON that --json prints. Charts are drawn by Chart.js (MIT), which the page carries; without a network.
// Pure; every text is escaped.
#pragma once

#include <string>

#include "base/json.h"

namespace app {

std::string page_of(const base::Json& report);

}  // namespace app

// page.h: what `rigpilot bench` measured as one web page: tables and charts (SVG) in a single file without scripts.
// bench_page() of the same JSON that --json prints. Pure; every text is escaped.
#pragma once

#include <string>

#include "base/json.h"

namespace app {

std::string bench_page(const base::Json& report);

}  // namespace app

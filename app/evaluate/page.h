// page.h: what `rigpilot evaluate` measured as one web page: charts and tables, several models side by side, in a single file.
// page_of() of the same JSON that --json prints. Charts are drawn by Chart.js (MIT), which the page carries; without a network.
// Pure; every text is escaped.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace app {

std::string page_of(const base::Json& report);

// For other pages of this kind. page_end() draws with `script`, for which `report`, bars() and pick() are there.
std::string page_begin();
std::string page_end(const base::Json& report, std::string_view script);
std::string_view chart_js();                            // the library's source
std::string html_escaped(std::string_view text);
std::string html_script_json(const base::Json& value);  // inside <script>: no text may end it

}  // namespace app

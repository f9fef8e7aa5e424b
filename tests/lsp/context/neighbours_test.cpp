#include "lsp/context/neighbours.h"

#include "support/catch.h"
#include "support/cursor.h"

using lsp::CellText;

namespace {

std::string joined(const std::vector<CellText>& cells, std::size_t index, std::string_view comment = "#") {
  const auto out = lsp::join_cells(cells, index, comment);
  return out.above + "[]" + out.below;
}

}  // namespace

TEST_CASE("a notebook's other cells stand above and below, a blank line apart") {
  CHECK(joined({{"a = 1\n\n", "python"}, {"b", "python"}, {"c\nd", "python"}}, 1) == "a = 1\n\n[]\n\nc\nd");
  CHECK(joined({{"a", "python"}, {"  \n", "python"}, {"", "python"}, {"d", "python"}}, 2) == "a\n\n[]\n\nd");
  CHECK(joined({{"a", "python"}}, 0) == "[]");
}

TEST_CASE("what is not code of the cell's language is a comment") {
  CHECK(joined({{"# Title\n\nSome text.\r\nMore", "markdown", false}, {"x", "python"}}, 1) == "# # Title\n#\n# Some text.\n# More\n\n[]");
  CHECK(joined({{"SELECT 1", "sql"}, {"x", "python"}}, 1) == "# SELECT 1\n\n[]");
  CHECK(joined({{"text", "markdown", false}, {"x", "c"}}, 1, "//") == "// text\n\n[]");
  CHECK(joined({{"code", "python"}, {"text", "markdown", false}}, 1, "") == "code\n\n[]");
}

TEST_CASE("around a cell's text the cursor stays where it was") {
  const auto [text, cursor] = tests::at_cursor("one\nt|wo\nthree");
  const auto around = lsp::look_around(text, cursor, "python", lsp::Replacement{4, 7, "twelve"});
  const auto wide = lsp::widen(text, around, {.above = "é\n\n", .below = "\n\nz"});
  CHECK(wide.text == "é\n\none\ntwo\nthree\n\nz");
  CHECK(tests::with_cursor(wide.text, wide.around.cursor) == "é\n\none\nt|wo\nthree\n\nz");
  CHECK(wide.text.substr(wide.around.line.begin, wide.around.line.end - wide.around.line.begin) == "two");
  CHECK(wide.text.substr(wide.around.selected->begin, wide.around.selected->end - wide.around.selected->begin) == "two");
  CHECK(wide.around.typed == around.typed);
}

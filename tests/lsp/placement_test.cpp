#include "lsp/handlers/placement.h"

#include <memory>
#include <string>

#include "support/catch.h"

using lsp::PositionEncoding;
using lsp::RangeStyle;

namespace {

// `document` holds [ and ] around what the suggestion replaces and | at the cursor between them.
// The item is shown as the document's line with { } around its range, " -> " and its text.
std::string placed(std::string document, const std::string& text, RangeStyle style, bool selected = false,
                   PositionEncoding encoding = PositionEncoding::Utf8) {
  const auto take = [&](char mark) {
    const std::size_t at = document.find(mark);
    document.erase(at, 1);
    return at;
  };
  lsp::Suggestion suggestion;
  suggestion.begin = take('[');
  lsp::Query query;
  query.cursor = take('|');
  suggestion.end = take(']');
  suggestion.text = text;
  query.document.content = std::make_shared<const std::string>(document);
  if (selected) query.selected = lsp::SelectedItem{suggestion.begin, suggestion.end, ""};
  const auto item = place_item(suggestion, query, style, encoding);
  if (!item) return "nothing";
  CHECK(item->span.begin.line == item->span.end.line);
  return fmt::format("{}:{}-{} {}", item->span.begin.line, item->span.begin.column, item->span.end.column, item->text);
}

}  // namespace

TEST_CASE("who is served which ranges") {
  for (const char* name : {"Visual Studio Code", "Visual Studio Code - Insiders", "code-server", "VSCodium", "Cursor", "Code - OSS"})
    CHECK(lsp::range_style(name) == RangeStyle::FromLineStart);
  for (const char* name : {"Neovim", "Eglot", "emacs", "helix", "Xcode", ""}) CHECK(lsp::range_style(name) == RangeStyle::FromCursor);
}

TEST_CASE("from the cursor: typed text is not repeated") {
  const auto place = [](const char* document, const char* text) { return placed(document, text, RangeStyle::FromCursor); };
  CHECK(place("a\n  int[|]", " x;") == "1:5-5  x;");
  CHECK(place("a\n  [in|]", "int x;") == "1:4-4 t x;");
  CHECK(place("f([|])", "a)") == "0:2-2 a)");
  CHECK(place("f([|)]", "a)") == "0:2-2 a");      // and neither is what stands after the cursor
  CHECK(place("f([|) {]", "a, [) {") == "0:2-2 a, [");
  CHECK(place("f([|)]", "a);") == "0:2-3 a);");
  CHECK(place("[In|]", "int") == "0:0-2 int");     // what was typed is corrected: that needs the whole range
  CHECK(place("é[|]", "x\ny") == "0:2-2 x\ny");
  CHECK(place("ab[|]", "") == "nothing");
  CHECK(place("[ab|]", "ab") == "nothing");
  CHECK(place("a([|)]", ")") == "nothing");
}

TEST_CASE("from the line's start: typed text is part of the item") {
  const auto place = [](const char* document, const char* text) { return placed(document, text, RangeStyle::FromLineStart); };
  CHECK(place("a\n  int[|]", " x;") == "1:0-5   int x;");
  CHECK(place("a\n  [in|]", "int x;") == "1:0-4   int x;");
  CHECK(place("f([|)];", "a)") == "0:0-3 f(a)");
  CHECK(place("[|]", "x") == "0:0-0 x");
  CHECK(place("a\r\n\tb[|]", "c") == "1:0-2 \tbc");
  CHECK(place("s = \"😀 é[|]", "x") == "0:9-12  éx");  // VS Code shows none that replaces a surrogate pair
  CHECK(place("😀[|]", "x") == "0:4-4 x");
  CHECK(place("[😀 1|]", "😀 12") == "0:4-6  12");
  CHECK(place("ab[|]", "") == "nothing");
}

TEST_CASE("with a popup item its range is kept as it is") {
  CHECK(placed("console[|.]x", ".log", RangeStyle::FromLineStart, true) == "0:7-8 .log");
  CHECK(placed("console[.|]x", ".log", RangeStyle::FromCursor, true) == "0:7-8 .log");
}

TEST_CASE("columns are in the client's encoding") {
  CHECK(placed("😀é[|]", "x", RangeStyle::FromCursor, false, PositionEncoding::Utf8) == "0:6-6 x");
  CHECK(placed("😀é[|]", "x", RangeStyle::FromCursor, false, PositionEncoding::Utf16) == "0:3-3 x");
  CHECK(placed("😀é[|]", "x", RangeStyle::FromCursor, false, PositionEncoding::Utf32) == "0:2-2 x");
}

TEST_CASE("what no editor can show is dropped") {
  CHECK(placed("a\n[b\nc|]", "x", RangeStyle::FromCursor) == "nothing");  // more than one line
  CHECK(placed("[a|\n]", "x", RangeStyle::FromCursor) == "nothing");      // the line's end
  CHECK(placed("a[|]", std::string("\0", 1), RangeStyle::FromCursor) == "nothing");
}

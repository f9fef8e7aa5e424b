#include "lsp/documents/notebooks.h"

#include <string>

#include "support/catch.h"

using lsp::Cell;
using lsp::NotebookStore;

namespace {

std::vector<Cell> cells(std::string_view names) {
  std::vector<Cell> out;
  for (const char name : names) out.push_back({std::string(1, name)});
  return out;
}

// The cells' names in order, as the place of one of them tells.
std::string order(const NotebookStore& store, const std::string& of) {
  const auto place = store.find(of);
  if (!place) return "-";
  std::string out;
  for (const Cell& cell : place->cells) out += cell.document;
  CHECK(place->cells[place->index].document == of);
  return out;
}

std::string spliced(std::string_view before, std::size_t start, std::size_t removed, std::string_view added) {
  NotebookStore store;
  store.open("n", cells(before));
  REQUIRE(store.splice("n", {start, removed, cells(added)}));
  std::string all;
  for (char name = 'a'; name <= 'z' && all.empty(); ++name)
    if (const auto found = order(store, std::string(1, name)); found != "-") all = found;
  return all;
}

}  // namespace

TEST_CASE("cells are put in, taken out and exchanged") {
  CHECK(spliced("abc", 1, 0, "xy") == "axybc");
  CHECK(spliced("abc", 1, 1, "") == "ac");
  CHECK(spliced("abc", 0, 3, "x") == "x");
  CHECK(spliced("abc", 3, 0, "d") == "abcd");
  CHECK(spliced("abc", 9, 9, "d") == "abcd");
  CHECK(spliced("abc", 2, 9, "") == "ab");
  CHECK(spliced("", 0, 0, "a") == "a");
}

TEST_CASE("a document is found in its notebook, until that is closed") {
  NotebookStore store;
  store.open("n", cells("ab"));
  store.open("m", {{"c", false}});
  CHECK(order(store, "b") == "ab");
  CHECK_FALSE(store.find("c")->cells[0].code);
  REQUIRE(store.describe("m", std::vector<Cell>{{"c", true}, {"unknown", true}}));
  CHECK(store.find("c")->cells[0].code);
  REQUIRE(store.close("n"));
  CHECK(order(store, "a") == "-");
  CHECK(store.size() == 1);
  const auto again = store.close("n");
  REQUIRE_FALSE(again);
  CHECK(again.error().message == "the notebook 'n' is not open");
  CHECK_FALSE(store.splice("n", {}));
  CHECK_FALSE(store.describe("n", {}));
}

#include "lsp/protocol/notebooks.h"

#include "support/catch.h"

using base::Json;

namespace {

std::string complaint(const auto& read) {
  REQUIRE_FALSE(read);
  return read.error().message;
}

Json changed(std::string_view cells) {
  return Json::parse(R"({"notebookDocument":{"uri":"n","version":3},"change":{"cells":)" + std::string(cells) + "}}");
}

}  // namespace

TEST_CASE("a notebook's cells and their documents are read") {
  const auto opened = lsp::read_notebook_open(Json::parse(R"({"notebookDocument":{"uri":"n","notebookType":"jupyter-notebook","version":1,
    "cells":[{"kind":1,"document":"n#1","metadata":{"a":[1]}},{"kind":2,"document":"n#2","executionSummary":{"executionOrder":1}},{"document":"n#3"}]},
    "cellTextDocuments":[{"uri":"n#1","languageId":"markdown","version":1,"text":"# T"},{"uri":"n#2","languageId":"python","version":1,"text":"x"}]})"));
  REQUIRE(opened);
  REQUIRE(opened->cells.size() == 3);
  CHECK_FALSE(opened->cells[0].code);
  CHECK(opened->cells[1].code);
  CHECK(opened->cells[2].code);
  REQUIRE(opened->documents.size() == 2);
  CHECK(opened->documents[0].language_id == "markdown");
  CHECK(lsp::read_notebook_open(Json::parse(R"({"notebookDocument":{"uri":"n"}})"))->cells.empty());
}

TEST_CASE("every kind of change to a notebook is read") {
  const auto change = lsp::read_notebook_change(changed(R"({
    "structure":{"array":{"start":1,"deleteCount":2,"cells":[{"kind":2,"document":"n#4"}]},
                 "didOpen":[{"uri":"n#4","languageId":"python","version":1,"text":""}],"didClose":[{"uri":"n#2"}]},
    "data":[{"kind":1,"document":"n#1"}],
    "textContent":[{"document":{"uri":"n#3","version":5},"changes":[{"text":"all"},
                    {"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":1}},"text":"b"}]}]})"));
  REQUIRE(change);
  REQUIRE(change->splice);
  CHECK(change->splice->start == 1);
  CHECK(change->splice->removed == 2);
  CHECK(change->splice->cells[0].document == "n#4");
  CHECK(change->opened[0].uri == "n#4");
  CHECK(change->closed == std::vector<std::string>{"n#2"});
  CHECK_FALSE(change->described[0].code);
  CHECK(change->texts[0].version == 5);
  CHECK(change->texts[0].edits.size() == 2);
  CHECK(lsp::read_notebook_change(Json::parse(R"({"notebookDocument":{"uri":"n"},"change":{"metadata":{}}})")));
  const auto closed = lsp::read_notebook_close(Json::parse(R"({"notebookDocument":{"uri":"n"},"cellTextDocuments":[{"uri":"n#1"}]})"));
  REQUIRE(closed);
  CHECK(closed->documents == std::vector<std::string>{"n#1"});
}

TEST_CASE("what is wrong with a notebook's message is named") {
  CHECK(complaint(lsp::read_notebook_open({})) == "field 'notebookDocument': expected an object");
  CHECK(complaint(lsp::read_notebook_open(Json::parse(R"({"notebookDocument":{"uri":"n","cells":7}})"))) == "field 'cells' is an integer: expected an array");
  CHECK(complaint(lsp::read_notebook_open(Json::parse(R"({"notebookDocument":{"uri":"n","cells":[{}]}})"))) ==
        "element 1 of field 'cells': field 'document' is missing: expected a string");
  CHECK(complaint(lsp::read_notebook_change(changed(R"({"structure":{"array":{"start":-1,"deleteCount":0}}})"))) ==
        "field 'structure': field 'array': field 'start' is -1: expected 0 or more");
  CHECK(complaint(lsp::read_notebook_change(changed(R"({"structure":{}})"))) == "field 'array' is missing: expected an object");
  CHECK(complaint(lsp::read_notebook_change(changed(R"({"textContent":[{"document":{"uri":"n#1"}}]})"))) ==
        "element 1 of field 'textContent': field 'changes' is missing: expected an array");
}

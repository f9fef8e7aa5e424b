#include "engine/config/model_notes.h"

#include <fstream>

#include "support/catch.h"
#include "support/temp_folder.h"

using engine::ModelNotes;
using engine::Quant;

TEST_CASE("what is noted beside a model is read again, and where nothing is noted there is nothing") {
  const tests::TempFolder temp;
  REQUIRE(engine::read_model_notes(temp.path()));
  CHECK(engine::read_model_notes(temp.path())->quant == Quant::Auto);
  CHECK_FALSE(engine::read_model_notes(temp.path())->mixing);
  CHECK(engine::read_model_notes({}));
  CHECK(engine::read_model_notes(temp.path() / "model.gguf"));
  for (const Quant quant : {Quant::Auto, Quant::None, Quant::Int8, Quant::Int4}) {
    REQUIRE(engine::write_model_notes(temp.path(), {.quant = quant, .mixing = engine::NotedMixing{{-1.5f, 0.25f, 2}, "/home/me/code"}}));
    const auto notes = engine::read_model_notes(temp.path());
    REQUIRE(notes);
    CHECK(notes->quant == quant);
    REQUIRE(notes->mixing);
    CHECK(notes->mixing->code == "/home/me/code");
    CHECK(notes->mixing->weights.bias == -1.5f);
    CHECK(notes->mixing->weights.certainty == 0.25f);
    CHECK(notes->mixing->weights.length == 2);
  }
  REQUIRE(engine::write_model_notes(temp.path(), {.quant = Quant::Int8, .mixing = {}}));
  CHECK_FALSE(engine::read_model_notes(temp.path())->mixing);
}

TEST_CASE("a damaged note is one sentence that names file and field") {
  const tests::TempFolder temp;
  struct Row {
    const char* text;
    const char* named;
  };
  const Row rows[] = {{"{", "line 1"}, {R"({"quant": 8})", "'quant'"}, {R"({"quant": "int9"})", "int9"}, {R"({"mixing": 1})", "'mixing'"}, {R"({"mixing": {"bias": 1}})", "'code'"},
                      {R"({"mixing": {"code": "/c", "bias": "x"}})", "'bias'"}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    std::ofstream(temp.path() / "rigpilot.json") << row.text;
    const auto notes = engine::read_model_notes(temp.path());
    REQUIRE_FALSE(notes);
    CHECK(notes.error().message.find("rigpilot.json") != std::string::npos);
    CHECK(notes.error().message.find(row.named) != std::string::npos);
  }
}

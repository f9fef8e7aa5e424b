#include "lsp/statistics.h"

#include "support/catch.h"

TEST_CASE("what became of suggestions is counted once each") {
  lsp::Statistics statistics;
  for (int i = 0; i < 3; ++i) statistics.requested();
  statistics.offered({.id = "1.0", .new_characters = 10, .typed_units = 4}, 30, false);
  statistics.offered({.id = "2.0", .new_characters = 5}, 10, false);
  statistics.shown("1.0");
  statistics.shown("1.0");
  statistics.shown("nobody's");
  statistics.accepted("2.0");
  statistics.accepted("2.0");
  const lsp::Figures f = statistics.figures();
  CHECK(f.requests == 3);
  CHECK(f.offered == 2);
  CHECK(f.shown == 1);
  CHECK(f.accepted == 1);
  CHECK(f.accepted_characters == 5);
  CHECK(f.median_ms == 30);
}

TEST_CASE("a part accepted counts its characters, and the rest when it is taken too") {
  lsp::Statistics statistics;
  statistics.offered({.id = "1.0", .new_characters = 10, .typed_units = 4}, 1, false);
  statistics.accepted_to("1.0", 4);  // only what was typed already
  CHECK(statistics.figures().partly_accepted == 0);
  statistics.accepted_to("1.0", 7);
  statistics.accepted_to("1.0", 6);
  CHECK(statistics.figures().partly_accepted == 1);
  CHECK(statistics.figures().accepted_characters == 3);
  statistics.accepted("1.0");
  CHECK(statistics.figures().accepted_characters == 10);
  CHECK(statistics.figures().accepted == 1);
  CHECK(statistics.figures().partly_accepted == 0);
}

TEST_CASE("the rest of a part accepted, offered again, counts as it is") {
  lsp::Statistics statistics;
  statistics.offered({.id = "1.0", .new_characters = 10, .typed_units = 4}, 1, false);
  statistics.accepted_to("1.0", 9);  // 5 of 10
  statistics.offered({.id = "1.0", .new_characters = 5}, 0.1, true);
  statistics.accepted_to("1.0", 2);
  CHECK(statistics.figures().accepted_characters == 7);
  statistics.accepted("1.0");
  CHECK(statistics.figures().accepted_characters == 10);
  CHECK(statistics.figures().partly_accepted == 0);
}

TEST_CASE("a suggestion that is typed through is one suggestion, and what is long past is forgotten") {
  lsp::Statistics statistics;
  statistics.offered({.id = "1.0", .new_characters = 10}, 30, false);
  statistics.offered({.id = "1.0", .new_characters = 9}, 0.1, true);
  CHECK(statistics.figures().offered == 1);
  CHECK(statistics.figures().from_ready == 1);
  for (int i = 2; i < 2000; ++i) statistics.offered({.id = std::to_string(i), .new_characters = 1}, 1, false);
  statistics.accepted("1.0");
  CHECK(statistics.figures().accepted == 0);
}

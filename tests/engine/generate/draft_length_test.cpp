#include "engine/generate/draft_length.h"

#include "support/catch.h"

namespace {

using engine::DraftLength;
using engine::DraftSource;
constexpr DraftSource kLong{DraftSource::Kind::Prompt, 12}, kShort{DraftSource::Kind::Prompt, 1}, kFar{DraftSource::Kind::Workspace, 12};

// A machine that reads its weights in 10 ms and computes a row in `row_ms`.
void measure(DraftLength& length, double row_ms) {
  for (std::size_t rows = 1; rows <= 16; ++rows) length.passed(rows, std::max(10.0, double(rows) * row_ms));
}

}  // namespace

TEST_CASE("draft length: long where rows are free, none where a row costs a pass") {
  DraftLength cheap, dear;
  measure(cheap, 0.5);
  measure(dear, 10);
  CHECK(cheap.best(kLong, 15) == 15);
  CHECK(cheap.best(kLong, 3) == 3);
  CHECK(cheap.best(kLong, 0) == 0);
  CHECK(dear.best(kLong, 15) == 0);
  DraftLength middle;  // five rows fit into the time the weights take
  measure(middle, 2);
  CHECK(middle.best(kLong, 15) >= 4);
  CHECK(middle.best(kShort, 15) == 4);
}

TEST_CASE("draft length: what proves wrong is drafted less, each kind of match by itself") {
  DraftLength length;
  measure(length, 3);
  const std::size_t before = length.best(kLong, 15);
  for (int i = 0; i < 50; ++i) length.judged(kLong, 0, true);
  CHECK(length.acceptance(kLong) < 0.1);
  CHECK(length.best(kLong, 15) < before);
  CHECK(length.best(kFar, 15) == before);
  for (int i = 0; i < 50; ++i) length.judged(kLong, 8, false);
  CHECK(length.acceptance(kLong) > 0.95);
}

TEST_CASE("draft length: a pass that was held up by others hardly counts, lasting change does") {
  DraftLength length;
  for (int i = 0; i < 20; ++i) length.passed(1, 10);
  length.passed(1, 1000);
  CHECK(length.cost(1) < 12.1);
  for (int i = 0; i < 60; ++i) length.passed(1, 30);
  CHECK(length.cost(1) == Approx(30).epsilon(0.02));
  length.passed(5, 34);
  CHECK(length.cost(3) == Approx(32).epsilon(0.02));  // between those that are known
  CHECK(length.cost(6) > 34);
  length.passed(17, 1);  // more rows than are ever verified
  CHECK(length.cost(16) > 34);
}

TEST_CASE("draft length: rows that once were dear are tried again some day") {
  DraftLength length;
  measure(length, 10);
  REQUIRE(length.best(kLong, 15) == 0);
  int passes = 0;
  for (; passes < 2000 && length.best(kLong, 15) == 0; ++passes) length.passed(1, 10);
  CHECK(passes > 15);
  CHECK(passes < 500);
}

TEST_CASE("draft length: nor does a first pass of so many rows that was held up end all drafts of that length") {
  DraftLength length;
  for (int i = 0; i < 20; ++i) length.passed(1, 10);
  const std::size_t before = length.best(kLong, 15);
  length.passed(before + 1, 500);
  CHECK(length.best(kLong, 15) > 0);
  DraftLength longer_first;
  longer_first.passed(6, 12);
  CHECK(longer_first.cost(1) == Approx(10));
  longer_first.passed(1, 10);
  CHECK(longer_first.cost(1) == Approx(10));
}

TEST_CASE("draft length: of a model's tokens: its own steps count, and what it has yet to read") {
  DraftLength length;
  length.has_draft_model(0.1);
  for (std::size_t rows = 1; rows <= 16; ++rows) length.passed(rows, 10 + 0.3 * double(rows));
  length.drafted(1);
  CHECK(length.plan_model({}, 15).length >= 2);
  CHECK(length.plan_model({}, 1).length == 1);
  CHECK(length.plan_model({.tokens = 1000, .shared_by = 60}, 15).speed < length.plan_model({}, 15).speed);
  CHECK(length.plan_model({.tokens = 10'000, .shared_by = 10}, 15).length == 0);
  for (int i = 0; i < 60; ++i) length.drafted(12);
  CHECK(length.plan_model({}, 15).length == 0);
}

TEST_CASE("draft length: a model that is wrong is passed over, and tried again long after") {
  DraftLength length;
  length.has_draft_model(0.2);
  const DraftSource any{DraftSource::Kind::Model, 0};
  for (std::size_t rows = 1; rows <= 16; ++rows) length.passed(rows, 10 + 0.3 * double(rows));
  for (int i = 0; i < 40; ++i) length.judged(any, 0, true);
  CHECK(length.plan_model({}, 15).length == 0);
  int tokens = 0;
  while (length.plan_model({}, 15).length == 0 && tokens < 10'000) length.passed_over(), ++tokens;
  CHECK(tokens > 300);
  CHECK(tokens < 3000);
}

TEST_CASE("draft length: tokens a model was unsure of end a draft, and are cut off where they are not worth a row") {
  DraftLength length;
  length.has_draft_model(0.1);
  for (std::size_t rows = 1; rows <= 16; ++rows) length.passed(rows, 10 + 2 * double(rows));
  length.drafted(1);
  const DraftSource sure = DraftSource::of_model(0.99), unsure = DraftSource::of_model(0.1);
  CHECK(sure.bucket() != unsure.bucket());
  CHECK(length.acceptance(sure) > length.acceptance(unsure));
  for (int i = 0; i < 40; ++i) length.judged(unsure, 0, true);
  engine::Draft draft{.source = {DraftSource::Kind::Model, 0}, .ids = {1, 2}, .each = {sure, sure}};
  CHECK(length.goes_on(draft));
  draft.ids = {1, 2, 3}, draft.each = {sure, sure, unsure};
  CHECK_FALSE(length.goes_on(draft));
  length.keep_worthy(draft);
  CHECK(draft.ids == std::vector<engine::TokenId>{1, 2});
  CHECK(draft.each.size() == 2);
}

#include "engine/ngram/drafter.h"

#include "support/catch.h"

namespace {

using namespace engine;
using Ids = std::vector<TokenId>;
using Kind = DraftSource::Kind;

std::shared_ptr<const NgramIndex> workspace(Ids tokens) {
  return std::make_shared<const NgramIndex>(NgramIndex().with(Segment::build({{1, std::move(tokens)}})));
}

}  // namespace

TEST_CASE("a draft from the prompt goes on as the longest match did, of equals the last one") {
  struct Case {
    Ids prompt, text, written;
    std::size_t most;
    std::uint32_t length;
    Ids wanted;
  };
  const Case cases[] = {
      {{1, 2, 3, 4, 5, 1, 2}, {}, {}, 3, 2, {3, 4, 5}},
      {{1, 2, 3, 9, 2, 4, 8, 1, 2}, {}, {}, 2, 2, {3, 9}},   // two tokens match at the start, one later
      {{7, 3, 7, 4, 7}, {}, {}, 1, 1, {4}},                  // the later one
      {{1, 2, 3, 4}, {}, {1, 2}, 2, 2, {3, 4}},              // what was written counts
      {{5, 6, 5, 6}, {}, {}, 6, 2, {5, 6, 5, 6, 5, 6}},      // what repeats goes on repeating
      {{1, 2, 3}, {}, {}, 4, 0, {}},                         // nothing was seen before
      {{50, 7, 8, 9, 51, 1, 2, 52}, {1, 2, 7, 8}, {}, 2, 2, {9, 51}},  // a prompt arranged otherwise: its suffix
      {{50, 7, 8, 9, 51}, {1, 2, 3, 1, 2}, {}, 9, 2, {3, 1, 2, 3, 1, 2, 3, 1, 2}},
      {{1}, {}, {}, 4, 0, {}},
  };
  for (const Case& c : cases) {
    Drafter drafter(c.prompt, c.text, nullptr, 100);
    for (const TokenId id : c.written) drafter.wrote(id);
    INFO("case " << (&c - cases));
    const Drafter::Found found = drafter.in_prompt();
    CHECK(found.source.length == c.length);
    Draft draft;
    drafter.draft(found, c.most, draft);
    CHECK(draft.ids == c.wanted);
    CHECK(drafter.in_workspace().length == 0);
  }
}

TEST_CASE("a draft from the workspace takes the most frequent way, and says where others were gone") {
  Drafter drafter(Ids{9, 1, 2}, {}, workspace({1, 2, 3, 4, 8, 1, 2, 3, 5, 1, 2, 6}), 100);
  const DraftSource source = drafter.in_workspace();
  CHECK(source.length == 2);
  CHECK(source.kind == Kind::Disputed);
  Draft draft;
  drafter.draft_from_workspace(source, 1, draft);
  CHECK(draft.ids == Ids{3});
  drafter.wrote(6);
  CHECK(drafter.in_workspace().length == 0);  // a document ended there
  for (const TokenId id : {3, 4}) drafter.wrote(id);
  const DraftSource sure = drafter.in_workspace();
  CHECK(sure.kind == Kind::Workspace);
  drafter.draft_from_workspace(sure, 9, draft);
  CHECK(Ids(draft.ids.begin(), draft.ids.begin() + 4) == Ids{8, 1, 2, 3});
  drafter.draft_from_workspace(sure, 3, draft);  // drafting leaves the text as it was
  CHECK(draft.ids == Ids{8, 1, 2});
}

TEST_CASE("an id that the model does not have is not drafted") {
  Drafter drafter(Ids{1}, {}, workspace({1, 70, 1, 70}), 50);
  CHECK(drafter.in_workspace().length == 0);
}

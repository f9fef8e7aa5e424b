// answers.h: what the engine made, in the shape the request asked for.
// answer_json() for a suggestion, empty_answer() for none. Pure in the session.
#pragma once

#include "lsp/handlers/session.h"

namespace lsp {

struct Made {
  std::uint64_t key = 0;
  std::size_t first = 0;  // which of the key's suggestions is the first of these
  const Query& query;
  const Completion& completion;
};

// Also tells the session's statistics what is offered.
Json answer_json(Session& session, const Made& made, AnswerShape shape, double ms, bool from_ready);

// `complete`: asking again at the same place would give nothing either.
Json empty_answer(const Session& session, AnswerShape shape, bool complete);

}  // namespace lsp

// generator.h: one generation: the prompt in chunks, then a token at a time, or several where drafts of them prove right.
// generate() takes a session that already holds a prefix of the prompt, and keeps it in step with what was computed, so a
// cancelled prefill is not lost. Drafts are lossless: each row of a pass is what the token before it alone would have given, so each
// id is chosen as without drafts, drawn ones too; a refused draft costs a truncation of the cache. They are copied from the text and the
// workspace, or written by a draft model where that promises more. Throws what libtorch throws; the engine's guard catches. Engine thread.
#pragma once

#include <deque>
#include <optional>
#include <stop_token>

#include "engine/cache/session_pool.h"
#include "engine/engine.h"
#include "engine/generate/chunk_size.h"
#include "engine/generate/draft_length.h"
#include "engine/generate/draft_model.h"
#include "engine/models/model.h"

namespace engine {

double steady_ms();

struct GeneratorParts {
  Model& model;
  Session& session;
  ChunkSize& chunks;
  torch::Device device;
  std::int64_t context;
  DraftLength* draft_length = nullptr;  // null: no drafts
  DraftModel* draft_model = nullptr;    // null: none
  Milliseconds now = steady_ms;
  std::deque<Session>* beams = nullptr;  // of beam search, beside `session`: kept, since the next prompt begins like this one; null: of its own
  std::optional<Session>* onward = nullptr;  // of reading on behind an answer (onward.h): kept for the same reason; null: of its own
};

Generation generate(const GeneratorParts& parts, const GenerateRequest& request, const OnToken& on_token, std::stop_token stop);

}  // namespace engine

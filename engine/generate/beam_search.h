// beam_search.h: the likeliest of several answers that are followed side by side, instead of the one whose every token is likeliest.
// beam_search() goes on from a session that holds the prompt and the prompt's last logits. In each pass the paths that are still
// open, at most `beams`, take one token each, as the sequences of one batch: on a CPU two to four rows cost little more than
// one. A path ends at an end token or where GenerateRequest::ended says so; only complete paths compete, by the sum of
// their log-probabilities, which can only fall: so the search ends when no open path is likelier than the best complete one.
// Tokens that all paths share are handed to `on_token` at once, the others when the answer is known.
// With GenerateRequest::onward the complete paths that are nearly as likely as the best one are told apart by what stands behind (onward.h).
// Why: a line that begins with the second likeliest token may be the likeliest line (bench/results.md has the gain on held-out code).
// Graves, "Sequence Transduction with Recurrent Neural Networks", 2012. Throws what libtorch throws. Engine thread.
#pragma once

#include <stop_token>

#include <torch/torch.h>

#include "engine/generate/generator.h"

namespace engine {

// `logits`: [1, V], behind the prompt. Fills out.ids and logprobs; the session holds the prompt and the answer, but for its last token.
StopReason beam_search(const GeneratorParts& parts, const GenerateRequest& request, torch::Tensor logits, Generation& out, const OnToken& on_token,
                       const std::stop_token& stop);

}  // namespace engine

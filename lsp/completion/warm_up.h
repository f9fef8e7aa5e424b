// warm_up.h: computing what the next prompt of a document will begin with before anyone asks, so that it costs a token or two.
// warm_up() after a file was opened, saved, or left alone for a moment. Nothing is written and nothing comes back: the engine
// keeps the keys and values, `deps.anchors` the window. Stopped like a request, within a layer; what was computed stays.
#pragma once

#include <stop_token>

#include "lsp/completion/pipeline.h"

namespace lsp {

struct WarmUp {
  Query query;           // the cursor where it is thought to be
  bool opened = false;   // it may be anywhere: the start of the file is what every prompt in a short one begins with
};

base::Result<void> warm_up(const WarmUp& what, const Deps& deps, std::stop_token stop);

}  // namespace lsp

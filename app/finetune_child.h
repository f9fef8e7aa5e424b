// finetune_child.h: `rigpilot finetune` as a process of its own, for the language server: it may take all night, and memory.
// finetune_child(options) is a Tuner (lsp/tuning): it runs below other programs' priority and is ended when the token fires
// or the server dies; what is in place then stays. Errors are the child's own sentence.
#pragma once

#include "app/load.h"
#include "lsp/tuning/tuning_thread.h"

namespace app {

lsp::Tuner finetune_child(const ModelOptions& options);

}  // namespace app

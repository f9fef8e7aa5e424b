#include "lsp/completion/pipeline.h"

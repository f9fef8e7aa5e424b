// explain.h: one Completion as a report for people: what was asked, what came back, what was done to it, how long it took.
// For `rigpilot complete --explain`. Pure.
#pragma once

#include <string>

#include "lsp/completion/pipeline.h"

namespace lsp {

std::string explain(const Query& query, const Completion& completion);

}  // namespace lsp

// index/settings.h: what a user may change about the workspace's index; declared once, read by every front end.
#pragma once

#include "base/settings.h"

namespace lsp {

struct IndexSettings {
  bool enabled = true;
};

template <class Visitor>
void visit(IndexSettings& s, Visitor&& field) {
  field(s.enabled, "index.enabled", base::Bounds{}, "Whether the workspace's files are learned, so that suggestions can copy from them.");
}

}  // namespace lsp

// settings.h: a setting is declared once: the field, its key, its default and its help stand together in a visit() function.
//   template <class V> void visit(CompletionSettings& s, V&& field) { field(s.max_tokens, "completion.maxTokens", {1, 512}, "Longest suggestion, in tokens."); }
// Readers (LSP configuration, --help, the schema, the docs table) are visitors over that one declaration.
#pragma once

#include <cstdint>
#include <limits>

namespace base {

// The values a number may take, both ends included.
struct Bounds {
  double least = std::numeric_limits<double>::lowest();
  double most = std::numeric_limits<double>::max();
};

}  // namespace base

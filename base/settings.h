// settings.h: a setting is declared once: the field, its key, its default and its help stand together in a visit() function.
//   template <class V> void visit(CompletionSettings& s, V&& field) { field(s.max_tokens, "completion.maxTokens", {1, 512}, "Longest suggestion, in tokens."); }
// Readers (LSP configuration, --help, the schema, the docs table) are visitors over that one declaration.
#pragma once

#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// The values a number may take, both ends included.
struct Bounds {
  double least = std::numeric_limits<double>::lowest();
  double most = std::numeric_limits<double>::max();
};

// The words a setting may be.
struct Choices {
  Choices(std::initializer_list<std::string_view> words) : words(words) {}
  std::vector<std::string_view> words;
};

// Any text.
struct Text {};

// On or off for each of many names, "*" for those that are not named.
using Switches = std::map<std::string, bool>;

}  // namespace base

// normalize.h: what a model's tokenizer.json does to a text before it is cut: Unicode forms, replacements, a first "▁".
// Build a Normalizer from steps; apply() gives the changed text. Most models have none, and apply() is then never called.
// Immutable; any thread. Text is well-formed UTF-8.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tokenizer {

enum class UnicodeForm { Nfc, Nfd, Nfkc, Nfkd };

class Normalizer {
 public:
  // `at_start`: the text begins a document (a prepended "▁" belongs there and nowhere else).
  using Step = std::function<std::string(std::string text, bool at_start)>;

  void add(Step step) { steps_.push_back(std::move(step)); }
  bool empty() const { return steps_.empty(); }
  std::string apply(std::string_view text, bool at_start) const;

 private:
  std::vector<Step> steps_;
};

Normalizer::Step unicode_form(UnicodeForm form);
Normalizer::Step lowercase();
Normalizer::Step strip(bool left, bool right);
Normalizer::Step strip_accents();
Normalizer::Step prepend(std::string prefix);
Normalizer::Step replace_string(std::string from, std::string to);
base::Result<Normalizer::Step> replace_regex(std::string_view pattern, std::string to);

}  // namespace tokenizer

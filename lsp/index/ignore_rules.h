// ignore_rules.h: one .gitignore file: which of the paths below its folder git leaves out.
// parse() its text; decide() about a path relative to its folder. The last rule that matches speaks.
// Pure; follows gitignore(5). Whether a folder above is left out is the walker's to ask (walk.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lsp {

class IgnoreRules {
 public:
  static IgnoreRules parse(std::string_view text);

  // True: left out; false: taken in again ("!rule"); nullopt: this file says nothing of it. '/' between folders.
  std::optional<bool> decide(std::string_view path, bool is_folder) const;
  bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    std::string pattern;
    bool taken_in = false, folders_only = false, anchored = false;
  };
  std::vector<Rule> rules_;
};

// Git's patterns: * and ? stop at '/', [a-z], \ quotes, ** spans folders.
bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace lsp

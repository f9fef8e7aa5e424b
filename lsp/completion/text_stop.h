// text_stop.h: where a suggestion ends, decided while it is being written, so that no token is computed in vain.
// push() each piece of text; true means enough: text() is what to keep and why() the rule that spoke. finish() when the
// model ended by itself.
// The text is what follows the cursor, with "\n" line ends. One object a generation.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/context/surroundings.h"

namespace lsp {

struct StopRules {
  bool block = false;  // several lines, else one
  int max_lines = 12;
  std::string typed;         // of the cursor's line
  std::string language;
  std::string opener;        // the line that opens the block being written; empty: lines of the same depth
  std::string next_line;     // the nearest line below with something on it
  std::string line_above;    // the nearest line above with something on it
};

StopRules stop_rules(const Surroundings& around, bool block, int max_lines);

class TextStop {
 public:
  explicit TextStop(StopRules rules);

  bool push(std::string_view more);
  // The model stopped: at its own end, or cut off (a token limit) in the middle of what it was saying.
  void finish(bool cut_off);

  std::string_view text() const { return std::string_view(text_).substr(0, keep_); }
  std::string_view why() const { return why_; }

 private:
  bool judge(bool complete);  // the line that starts at line_begin_
  bool judge_first(std::string_view line, bool complete);
  bool judge_block_line(std::string_view line, bool complete);
  bool judge_shallow(std::string_view line, bool complete);
  bool stop_at(std::size_t keep, std::string_view why);
  bool stop_before_line(std::string_view why) { return stop_at(line_begin_ ? line_begin_ - 1 : 0, why); }
  void drop_dangling_opener();  // a last line that only opens a block, where a limit cut off what was to come
  std::size_t repeated_lines() const;  // how many of the last lines only repeat those before them; 0: none

  StopRules rules_;
  int shallowest_ = 0;    // columns a line of this block starts at, at least
  int closer_indent_ = -1;  // columns of the block's closing line; -1: it is not ours to close
  std::string text_;
  std::size_t keep_ = 0, line_begin_ = 0;
  std::vector<std::string> lines_;  // complete ones; the first with what was typed
  std::string_view why_;
  bool stopped_ = false;
};

}  // namespace lsp

// surroundings.h: the cursor's line and the lines around it: what deciding, stopping and tidying a suggestion look at.
// look_around() once a request. With an item chosen in the editor's popup the line is seen as if it were accepted.
// `above` and `below` are views of the document's text, which must outlive the object.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/context/lines.h"

namespace lsp {

struct Replacement {
  std::size_t begin = 0, end = 0;  // bytes
  std::string text;
};

struct Surroundings {
  LineRange line;
  std::size_t cursor = 0;
  std::optional<Replacement> selected;  // on this line, around the cursor

  std::string typed;  // the line before the cursor; with `selected` in place
  std::string rest;   // the line after it
  std::vector<std::string_view> above, below;  // nearest first
  std::string line_end;
  std::string language;

  // The nearest line above / below with something on it; empty where none.
  std::string_view line_above() const;
  std::string_view line_below() const;
  // The nearest lines in the order of the file, the cursor's line left out.
  std::vector<std::string_view> nearby() const;
};

// A selection that is not on the cursor's line, or not around the cursor, is left out.
Surroundings look_around(std::string_view text, std::size_t cursor, std::string_view language,
                         const std::optional<Replacement>& selected = std::nullopt);

}  // namespace lsp

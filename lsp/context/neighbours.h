// neighbours.h: a notebook's cells as one text, so that a model sees those above and below the cell that is written.
// join_cells() makes the texts around a cell; widen() puts them around the cell's own text and moves its Surroundings there.
// Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "lsp/context/surroundings.h"
#include "lsp/documents/snapshot.h"

namespace lsp {

struct CellText {
  std::string_view text, language;
  bool code = true;
};

// Cells a blank line apart, empty ones left out. What is not code in the cell's language stands behind `comment` ("#"), where the
// language has one.
Neighbours join_cells(std::span<const CellText> cells, std::size_t index, std::string_view comment);

struct Widened {
  std::string text;
  Surroundings around;  // its offsets are into `text`
};
Widened widen(std::string_view text, const Surroundings& around, const Neighbours& neighbours);

}  // namespace lsp

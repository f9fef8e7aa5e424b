// holes.h: where a text is cut to learn filling in the middle: prefix, middle, suffix, at characters, not tokens.
// cut_hole(text, mix, random) draws a kind and a place. Pure but for `random`. Shapes of holes are the queries of an editor:
// anything anywhere (Bavarian et al. 2022, arXiv 2207.14255), whole lines and blocks (what stands behind the middle marker begins
// at a line's start; Gong et al. 2025, arXiv 2506.00204, on whole syntactic units), the rest of a line.
#pragma once

#include <string_view>

#include "engine/random.h"

namespace engine {

struct HoleMix {
  double characters = 0.4, lines = 0.25, block = 0.15, rest_of_line = 0.2;  // shares
  double brackets = 0, statement = 0;  // what stands between a bracket and its other half; from a line's indentation to its statement's end
  std::size_t most_bytes = 700;  // of a middle
};

struct Hole {
  std::string_view prefix, middle, suffix;  // one behind the other; the middle may be empty
};

Hole cut_hole(std::string_view text, const HoleMix& mix, Random& random);

}  // namespace engine

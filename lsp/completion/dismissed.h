// dismissed.h: the suggestions that the user waved away, so that none comes again where it was dismissed.
// add() what was dismissed; holds() says of another one whether it is the same there: under the same line, to the same text, as
// long as typing has not gone on along it (then it is wanted after all). forgive() when the user asks at that place.
// Main loop only; in memory only, the latest few.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "lsp/completion/pipeline.h"

namespace lsp {

class DismissedSuggestions {
 public:
  void add(const Query& query, const Suggestion& suggestion);
  bool holds(const Query& query, const Suggestion& suggestion) const;
  void forgive(const Query& query);
  void forget(const std::string& uri);

 private:
  struct Place {
    std::string uri, above;  // the nearest line above with something on it
    std::string typed;       // the cursor's line up to the cursor
  };
  struct Kept {
    Place place;
    std::string line;  // as it would have become
  };
  static Place place_of(const Query& query);
  static std::string line_of(const Place& place, const Suggestion& suggestion);

  std::deque<Kept> kept_;  // the newest first
};

}  // namespace lsp

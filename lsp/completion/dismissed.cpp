#include "lsp/completion/dismissed.h"

#include <algorithm>
#include <utility>

#include "lsp/context/surroundings.h"

namespace lsp {
namespace {

constexpr std::size_t kMostKept = 64;
constexpr std::size_t kTypedOn = 3;  // bytes of it typed since: it is wanted after all

}  // namespace

DismissedSuggestions::Place DismissedSuggestions::place_of(const Query& query) {
  const Surroundings around = look_around(query.document.text(), query.cursor, query.document.language_id);
  return {query.document.uri, std::string(around.line_above()), around.typed};
}

// Its first line with something on it: a model may write more or less of what follows.
std::string DismissedSuggestions::line_of(const Place& place, const Suggestion& suggestion) {
  const std::string text(trimmed(place.typed + suggestion.ghost));
  return text.substr(0, text.find_first_of("\r\n"));
}

void DismissedSuggestions::add(const Query& query, const Suggestion& suggestion) {
  Place place = place_of(query);
  std::string line = line_of(place, suggestion);
  kept_.push_front({std::move(place), std::move(line)});
  if (kept_.size() > kMostKept) kept_.pop_back();
}

bool DismissedSuggestions::holds(const Query& query, const Suggestion& suggestion) const {
  if (kept_.empty()) return false;
  const Place place = place_of(query);
  const std::string line = line_of(place, suggestion);
  return std::ranges::any_of(kept_, [&](const Kept& kept) {
    const bool there = kept.place.uri == place.uri && kept.place.above == place.above && kept.line == line;
    return there && place.typed.size() < kept.place.typed.size() + kTypedOn;
  });
}

void DismissedSuggestions::forgive(const Query& query) {
  if (kept_.empty()) return;
  const Place place = place_of(query);
  std::erase_if(kept_, [&](const Kept& kept) { return kept.place.uri == place.uri && kept.place.above == place.above; });
}

void DismissedSuggestions::forget(const std::string& uri) {
  std::erase_if(kept_, [&](const Kept& kept) { return kept.place.uri == uri; });
}

}  // namespace lsp

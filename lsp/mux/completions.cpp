#include "lsp/mux/completions.h"

#include <utility>

namespace lsp {
namespace {

using base::find_field;
using base::Json;

constexpr const char* kMark = "rigpilot/entry";

const Json* entries(const Json& answer) {
  const Json* items = answer.is_array() ? &answer : find_field(answer, "items");
  return items && items->is_array() ? items : nullptr;
}

// What itemDefaults would otherwise fill in.
Json marked(Json item) {
  if (!item.is_object()) return item;
  item["data"] = {{kMark, true}};
  if (!item.contains("commitCharacters")) item["commitCharacters"] = Json::array();
  if (!item.contains("insertTextFormat")) item["insertTextFormat"] = 1;
  if (!item.contains("insertTextMode")) item["insertTextMode"] = 1;
  return item;
}

}  // namespace

Json merged_completions(const Json& child, const Json& own) {
  Json out = child.is_object() ? child : Json::object();
  Json items = Json::array();
  if (const Json* ours = entries(own))
    for (const Json& item : *ours) items.push_back(marked(item));
  if (const Json* theirs = entries(child)) items.insert(items.end(), theirs->begin(), theirs->end());
  out["items"] = std::move(items);
  // Ours is for this very place: the next letter asks again.
  out["isIncomplete"] = base::try_get<bool>(child, "isIncomplete").value_or(false) ||
                        base::try_get<bool>(own, "isIncomplete").value_or(false);
  return out;
}

bool is_own_entry(const Json& item) {
  const Json* data = find_field(item, "data");
  return data && find_field(*data, kMark);
}

}  // namespace lsp

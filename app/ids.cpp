#include "app/ids.h"

#include <fmt/ranges.h>

#include <charconv>

#include "base/json.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using tokenizer::TokenId;

constexpr std::string_view kBetween = ", \t\r\n";

// A foreign text inside an error sentence: one line, not endless.
std::string excerpt(std::string_view text) {
  std::string shown(text.substr(0, 24));
  return shown.size() < text.size() ? shown + "..." : shown;
}

base::Result<std::vector<TokenId>> ids_of_json(std::string_view text, std::string_view what) {
  auto json = base::parse_json(text, what);
  if (!json) return base::forward(json);
  const base::Json* list = json->is_array() ? &*json : base::find_field(*json, "ids");
  if (!list || !list->is_array())
    return fail(ErrorCode::InvalidInput,
                "{}: expected a list of ids, or an object with one in its field 'ids'", what);
  std::vector<TokenId> ids;
  for (const base::Json& value : *list) {
    if (!value.is_number_integer() || value < 0 || value > INT32_MAX)
      return fail(ErrorCode::InvalidInput, "{}: {} is not a token id: expected an integer from 0 on", what,
                  excerpt(base::dump_json(value)));
    ids.push_back(value.get<TokenId>());
  }
  return ids;
}

}  // namespace

base::Result<std::vector<TokenId>> parse_ids(std::string_view text, std::string_view what) {
  const std::size_t first = text.find_first_not_of(kBetween);
  if (first == std::string_view::npos) return fail(ErrorCode::InvalidInput, "{}: holds no token ids", what);
  if (text[first] == '{' || text[first] == '[') {
    auto ids = ids_of_json(text, what);
    if (ids && ids->empty()) return fail(ErrorCode::InvalidInput, "{}: holds no token ids", what);
    return ids;
  }
  std::vector<TokenId> ids;
  for (std::size_t at = first; at < text.size();) {
    const std::string_view word = text.substr(at, text.find_first_of(kBetween, at) - at);
    TokenId id = -1;
    const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (problem != std::errc() || end != word.data() + word.size() || id < 0)
      return fail(ErrorCode::InvalidInput,
                  "{}: '{}' is not a token id: expected integers from 0 on, as in 1,2,3", what,
                  excerpt(word));
    ids.push_back(id);
    at = std::min(text.find_first_not_of(kBetween, at + word.size()), text.size());
  }
  return ids;
}

std::string join_ids(std::span<const TokenId> ids) {
  return fmt::format("{}", fmt::join(ids.begin(), ids.end(), " "));
}

std::vector<TokenId> encode_document(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                                     bool parse_special) {
  std::vector<TokenId> ids = tokenizer.encode(text, {.parse_special = parse_special});
  const auto begin = tokenizer.begin_ids();
  const bool there = ids.size() >= begin.size() && std::equal(begin.begin(), begin.end(), ids.begin());
  if (!there) ids.insert(ids.begin(), begin.begin(), begin.end());
  return ids;
}

}  // namespace app

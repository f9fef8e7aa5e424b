#include <algorithm>

#include "tokenizer/hf_json.h"
#include "tokenizer/hf_json_parts.h"

namespace tokenizer {
namespace {

using base::Json;
using base::Result;

// A token as these files write one: "</s>" or {"content": "</s>", ...}.
std::optional<TokenId> token_at(const Json& file, std::string_view field, const Vocabulary& vocabulary) {
  const Json* value = base::find_field(file, field);
  if (!value) return std::nullopt;
  if (value->is_string()) return vocabulary.find(value->get_ref<const std::string&>());
  if (const auto content = base::try_get<std::string>(*value, "content")) return vocabulary.find(*content);
  return std::nullopt;
}

// An id or a list of ids; those that name no token of this vocabulary are left out.
std::vector<TokenId> ids_at(const Json& file, std::string_view field, const Vocabulary& vocabulary) {
  std::vector<TokenId> ids;
  const auto take = [&](const Json& value) {
    if (!value.is_number_integer()) return;
    const auto id = value.get<std::int64_t>();
    if (id >= 0 && id < static_cast<std::int64_t>(vocabulary.size())) ids.push_back(static_cast<TokenId>(id));
  };
  const Json* value = base::find_field(file, field);
  if (!value) return ids;
  if (value->is_array()) {
    for (const Json& one : *value) take(one);
  } else {
    take(*value);
  }
  return ids;
}

Result<Json> parse_if_there(std::string_view text, std::string_view folder, std::string_view name) {
  if (text.empty()) return Json::object();
  return base::parse_json(text, fmt::format("{}{}", folder, name));
}

}  // namespace

Result<SpecialIds> read_hf_special(const HfTexts& texts, const Json* tokenizer_json, const Vocabulary& vocabulary) {
  const auto tokenizer_config = parse_if_there(texts.tokenizer_config, texts.folder, "tokenizer_config.json");
  if (!tokenizer_config) return base::forward(tokenizer_config);
  const auto map = parse_if_there(texts.special_tokens, texts.folder, "special_tokens_map.json");
  if (!map) return base::forward(map);
  const auto config = parse_if_there(texts.config, texts.folder, "config.json");
  if (!config) return base::forward(config);
  const auto generation = parse_if_there(texts.generation_config, texts.folder, "generation_config.json");
  if (!generation) return base::forward(generation);

  SpecialIds special;
  for (const Json* file : {&*generation, &*config})
    for (const TokenId id : ids_at(*file, "eos_token_id", vocabulary)) special.ends.push_back(id);
  for (const Json* file : {&*tokenizer_config, &*map}) {
    if (const auto eos = token_at(*file, "eos_token", vocabulary)) special.ends.push_back(*eos);
    if (!special.bos) special.bos = token_at(*file, "bos_token", vocabulary);
  }
  for (const Json* file : {&*config, &*generation})
    if (const auto ids = ids_at(*file, "bos_token_id", vocabulary); !special.bos && !ids.empty()) special.bos = ids[0];

  if (const Json* processor = tokenizer_json ? base::find_field(*tokenizer_json, "post_processor") : nullptr) {
    auto begin = read_hf_begin(*processor, "post_processor", vocabulary);
    if (!begin) return base::forward(begin, fmt::format("{}tokenizer.json", texts.folder));
    special.begin = std::move(*begin);
  }
  // The configuration's word counts for more than the post-processor's.
  if (const auto says = base::try_get<bool>(*tokenizer_config, "add_bos_token")) {
    const bool begins = special.bos && std::ranges::find(special.begin, *special.bos) != special.begin.end();
    if (!*says) std::erase(special.begin, special.bos.value_or(-1));
    else if (special.bos && !begins) special.begin.insert(special.begin.begin(), *special.bos);
  }
  return special;
}

}  // namespace tokenizer

#include "tokenizer/hf_json_parts.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::Json;
using base::Result;
using Ids = std::vector<TokenId>;

constexpr int kDeepest = 8;

Result<TokenId> id_of(const Json& value, std::string_view field, const Vocabulary& vocabulary) {
  const auto id = value.is_number_integer() ? value.get<std::int64_t>() : -1;
  if (id < 0 || id >= static_cast<std::int64_t>(vocabulary.size()))
    return base::fail(ErrorCode::InvalidInput, "{} is {}: expected the id of a token", field, base::dump_json(value).substr(0, 40));
  return static_cast<TokenId>(id);
}

// A template names its tokens; "special_tokens" beside it says which ids each name stands for.
Result<Ids> ids_of_name(const Json& processor, const std::string& name, std::string_view field, const Vocabulary& vocabulary) {
  const Json* named = base::find_field(processor, "special_tokens");
  const Json* token = named ? base::find_field(*named, name) : nullptr;
  const Json* listed = token ? base::find_field(*token, "ids") : nullptr;
  Ids ids;
  if (!listed || !listed->is_array()) {
    if (const auto id = vocabulary.find(name)) return Ids{*id};
    return base::fail(ErrorCode::InvalidInput, "{}.single names '{}', which is no token", field, name);
  }
  for (const Json& one : *listed) {
    const auto id = id_of(one, fmt::format("{}.special_tokens.{}.ids", field, name), vocabulary);
    if (!id) return base::forward(id);
    ids.push_back(*id);
  }
  return ids;
}

Result<Ids> read_template(const Json& processor, std::string_view field, const Vocabulary& vocabulary) {
  const Json* single = base::find_field(processor, "single");
  if (!single || !single->is_array()) return base::fail(ErrorCode::InvalidInput, "{}.single is missing: expected an array", field);
  Ids begin;
  for (const Json& piece : *single) {
    const Json* special = base::find_field(piece, "SpecialToken");
    if (!special) break;  // the text itself
    const auto name = base::get<std::string>(*special, "id");
    if (!name) return base::forward(name, fmt::format("{}.single", field));
    const auto ids = ids_of_name(processor, *name, field, vocabulary);
    if (!ids) return base::forward(ids);
    begin.insert(begin.end(), ids->begin(), ids->end());
  }
  return begin;
}

// BertProcessing and RobertaProcessing: "cls": ["<s>", 0].
Result<Ids> read_cls(const Json& processor, std::string_view field, const Vocabulary& vocabulary) {
  const Json* cls = base::find_field(processor, "cls");
  if (!cls || !cls->is_array() || cls->size() != 2)
    return base::fail(ErrorCode::InvalidInput, "{}.cls is missing: expected a token and its id", field);
  const auto id = id_of((*cls)[1], fmt::format("{}.cls[1]", field), vocabulary);
  if (!id) return base::forward(id);
  return Ids{*id};
}

Result<Ids> read_processor(const Json& processor, std::string_view field, const Vocabulary& vocabulary, int depth) {
  const auto type = base::get<std::string>(processor, "type");
  if (!type) return base::forward(type, field);
  if (*type == "ByteLevel") return Ids{};  // moves offsets, which nothing here has
  if (*type == "TemplateProcessing") return read_template(processor, field, vocabulary);
  if (*type == "RobertaProcessing" || *type == "BertProcessing") return read_cls(processor, field, vocabulary);
  if (*type != "Sequence") return base::fail(ErrorCode::Unsupported, "{}.type is '{}', which this build does not know", field, *type);
  if (depth == kDeepest) return base::fail(ErrorCode::InvalidInput, "{} nests more than {} Sequences", field, kDeepest);
  const Json* steps = base::find_field(processor, "processors");
  if (!steps || !steps->is_array()) return base::fail(ErrorCode::InvalidInput, "{}.processors is missing: expected an array", field);
  Ids begin;
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const auto more = read_processor((*steps)[i], fmt::format("{}.processors[{}]", field, i), vocabulary, depth + 1);
    if (!more) return more;
    begin.insert(begin.begin(), more->begin(), more->end());  // each puts its own before what the one before it made
  }
  return begin;
}

}  // namespace

Result<Ids> read_hf_begin(const Json& processor, std::string_view field, const Vocabulary& vocabulary) {
  return read_processor(processor, field, vocabulary, 0);
}

}  // namespace tokenizer

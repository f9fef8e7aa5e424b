#include "tokenizer/hf_json.h"

#include <algorithm>

#include "tokenizer/byte_level.h"
#include "tokenizer/hf_json_parts.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::Json;
using base::Result;

// Whether some step of a normalizer, pre-tokenizer or decoder is of this type, however deep in Sequences.
bool has_step(const Json* step, std::string_view type, int depth = 0) {
  if (!step || depth > 8) return false;
  if (base::try_get<std::string>(*step, "type") == type) return true;
  for (const char* list : {"pretokenizers", "normalizers", "decoders", "processors"}) {
    const Json* steps = base::find_field(*step, list);
    if (steps && steps->is_array() && std::ranges::any_of(*steps, [&](const Json& s) { return has_step(&s, type, depth + 1); })) return true;
  }
  return false;
}

// "a b" or ["a", "b"].
Result<std::pair<std::string, std::string>> read_pair(const Json& merge, std::size_t index) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
    return std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
  if (merge.is_string()) {
    const auto& text = merge.get_ref<const std::string&>();
    const std::size_t space = text.find(' ');
    if (space != std::string::npos && space > 0 && space + 1 < text.size() && text.find(' ', space + 1) == std::string::npos)
      return std::pair(text.substr(0, space), text.substr(space + 1));
  }
  return base::fail(ErrorCode::InvalidInput, "model.merges[{}] is {}: expected two tokens, as \"a b\" or [\"a\", \"b\"]", index,
                    base::dump_json(merge).substr(0, 80));
}

Result<void> read_merges(const Json& model, PipelineParts& parts) {
  const Json* merges = base::find_field(model, "merges");
  if (!merges || !merges->is_array()) return base::fail(ErrorCode::InvalidInput, "model.merges is missing: expected an array");
  parts.model.bpe.merges = MergeTable(merges->size());
  for (std::size_t i = 0; i < merges->size(); ++i) {
    const auto pair = read_pair((*merges)[i], i);
    if (!pair) return base::forward(pair);
    const std::string joined = pair->first + pair->second;
    const auto left = parts.vocabulary.find(pair->first), right = parts.vocabulary.find(pair->second), merged = parts.vocabulary.find(joined);
    if (!left || !right || !merged)
      return base::fail(ErrorCode::InvalidInput, "model.merges[{}] joins '{}' and '{}', but '{}' is not in model.vocab", i, pair->first,
                        pair->second, !left ? pair->first : !right ? pair->second : joined);
    parts.model.bpe.add_merge(parts.vocabulary, *left, *right, {static_cast<std::uint32_t>(i), *merged});
  }
  return {};
}

Result<void> read_vocab(const Json& model, const HfDecoder& decoder, PipelineParts& parts) {
  const Json* vocab = base::find_field(model, "vocab");
  if (!vocab || !vocab->is_object()) return base::fail(ErrorCode::InvalidInput, "model.vocab is missing: expected an object of token to id");
  for (const auto& [token, id] : vocab->items()) {
    if (!id.is_number_integer() || (id.is_number_unsigned() && id.get<std::uint64_t>() > INT64_MAX))
      return base::fail(ErrorCode::InvalidInput, "model.vocab: '{}' has {} for an id: expected 0 to {}", token, base::dump_json(id), kMostTokens - 1);
    const auto set = parts.vocabulary.set(id.get<std::int64_t>(), token, decoder.bytes_of(token), TokenKind::Normal);
    if (!set) return base::forward(set, "model.vocab");
  }
  if (parts.vocabulary.size() == 0) return base::fail(ErrorCode::InvalidInput, "model.vocab is empty");
  return {};
}

// "<0x00>" ... "<0xFF>" stand for raw bytes where the model falls back to them.
void mark_byte_tokens(PipelineParts& parts) {
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const TokenId id = parts.model.bpe.bytes[byte];
    if (id < 0) continue;
    const std::string spelled(parts.vocabulary.content(id));
    const char raw = static_cast<char>(byte);
    (void)parts.vocabulary.set(id, spelled, {&raw, 1}, TokenKind::Byte);
  }
}

Result<void> read_unknown(const Json& model, PipelineParts& parts) {
  const Json* unknown = base::find_field(model, "unk_token");
  if (!unknown) return {};
  if (!unknown->is_string()) return base::fail(ErrorCode::InvalidInput, "model.unk_token is {}: expected a string", base::json_type_name(*unknown));
  parts.model.bpe.unknown = parts.vocabulary.find(unknown->get_ref<const std::string&>());
  return {};
}

Result<void> read_flags(const Json& model, PipelineParts& parts) {
  const auto ignore_merges = base::get_or<bool>(model, "ignore_merges", false);
  if (!ignore_merges) return base::forward(ignore_merges, "model");
  const auto fuse_unknown = base::get_or<bool>(model, "fuse_unk", false);
  if (!fuse_unknown) return base::forward(fuse_unknown, "model");
  parts.model.bpe.ignore_merges = *ignore_merges;
  parts.model.bpe.fuse_unknown = *fuse_unknown;
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto text = base::get_or<std::string>(model, affix, "");
    if (!text) return base::forward(text, "model");
    if (!text->empty()) return base::fail(ErrorCode::Unsupported, "model.{} is '{}': this build knows BPE without one", affix, *text);
  }
  return {};
}

// Without a decoder a token is read as the steps before the model spelled it.
Result<HfDecoder> decoder_of(const Json& root, const PipelineParts& parts) {
  HfDecoder decoder;
  if (const Json* section = base::find_field(root, "decoder")) {
    auto read = read_hf_decoder(*section, "decoder");
    if (!read) return read;
    decoder = std::move(*read);
  } else if (parts.spells_spaces) {
    decoder.steps.push_back(with_spaces);
  }
  decoder.byte_level = parts.model.bpe.byte_level;
  return decoder;
}

Result<void> read_root(const Json& root, PipelineParts& parts) {
  const Json* model = base::find_field(root, "model");
  if (!model || !model->is_object()) return base::fail(ErrorCode::InvalidInput, "field 'model' is missing: expected an object");
  const Json* pretokenizer = base::find_field(root, "pre_tokenizer");
  const Json* normalizer = base::find_field(root, "normalizer");
  parts.model.bpe.byte_level = has_step(pretokenizer, "ByteLevel") || has_step(base::find_field(root, "decoder"), "ByteLevel");
  if (normalizer)
    if (const auto read = read_hf_normalizer(*normalizer, "normalizer", parts); !read) return read;
  if (pretokenizer)
    if (const auto read = read_hf_pretokenizer(*pretokenizer, "pre_tokenizer", parts); !read) return read;
  const auto decoder = decoder_of(root, parts);
  if (!decoder) return base::forward(decoder);
  if (const auto read = read_hf_model(*model, *decoder, parts); !read) return read;
  return read_hf_added_tokens(root, parts);
}

}  // namespace

Result<void> read_hf_model(const Json& model, const HfDecoder& decoder, PipelineParts& parts) {
  // Old files leave the type out; a BPE is then told by its merges, a Unigram by its unk_id.
  const char* untold = base::find_field(model, "merges") ? "BPE" : base::find_field(model, "unk_id") ? "Unigram" : "missing";
  const auto type = base::get_or<std::string>(model, "type", untold);
  if (!type) return base::forward(type, "model");
  if (*type != "BPE" && *type != "Unigram")
    return base::fail(ErrorCode::Unsupported, "model.type is '{}': this build reads BPE and Unigram", *type);
  if (*type == "Unigram") {
    if (parts.model.bpe.byte_level)
      return base::fail(ErrorCode::Unsupported, "model.type is Unigram behind a ByteLevel: this build reads it of characters");
    if (const auto read = read_hf_unigram(model, decoder, parts); !read) return read;
    mark_byte_tokens(parts);
    return {};
  }
  const auto fallback = base::get_or<bool>(model, "byte_fallback", false);
  if (!fallback) return base::forward(fallback, "model");
  if (const auto read = read_flags(model, parts); !read) return read;
  if (const auto read = read_vocab(model, decoder, parts); !read) return read;
  if (parts.model.bpe.byte_level || *fallback) parts.model.bpe.find_bytes(parts.vocabulary);
  if (!parts.model.bpe.byte_level) mark_byte_tokens(parts);
  if (const auto read = read_unknown(model, parts); !read) return read;
  return read_merges(model, parts);
}

Result<void> read_hf_added_tokens(const Json& root, PipelineParts& parts) {
  const Json* tokens = base::find_field(root, "added_tokens");
  if (!tokens) return {};
  if (!tokens->is_array()) return base::fail(ErrorCode::InvalidInput, "added_tokens is {}: expected an array", base::json_type_name(*tokens));
  for (std::size_t i = 0; i < tokens->size(); ++i) {
    const Json& entry = (*tokens)[i];
    const std::string where = fmt::format("added_tokens[{}]", i);
    const auto id = base::get<std::int64_t>(entry, "id");
    if (!id) return base::forward(id, where);
    auto content = base::get<std::string>(entry, "content");
    if (!content) return base::forward(content, where);
    const bool special = base::try_get<bool>(entry, "special").value_or(false);
    const std::string bytes = parts.spells_spaces && !special ? with_spaces(*content) : *content;
    const auto set = parts.vocabulary.set(*id, *content, bytes, special ? TokenKind::Control : TokenKind::UserDefined);
    if (!set) return base::forward(set, where);
    AddedToken token{.id = static_cast<TokenId>(*id), .content = std::move(*content)};
    token.left_strip = base::try_get<bool>(entry, "lstrip").value_or(false);
    token.right_strip = base::try_get<bool>(entry, "rstrip").value_or(false);
    token.single_word = base::try_get<bool>(entry, "single_word").value_or(false);
    token.normalized = base::try_get<bool>(entry, "normalized").value_or(!special);
    parts.added.push_back(std::move(token));
  }
  return {};
}

Result<std::unique_ptr<Tokenizer>> read_hf_json(const HfTexts& texts) {
  const std::string file = fmt::format("{}tokenizer.json", texts.folder);
  const auto root = base::parse_json(texts.tokenizer, file);
  if (!root) return base::forward(root);
  PipelineParts parts;
  if (const auto read = read_root(*root, parts); !read) return base::forward(read, file);
  parts.vocabulary.mark_markers();
  auto special = read_hf_special(texts, &*root, parts.vocabulary);
  if (!special) return base::forward(special);
  parts.special = std::move(*special);
  add_known_ends(parts.vocabulary, parts.special);
  return make_pipeline(std::move(parts));
}

}  // namespace tokenizer

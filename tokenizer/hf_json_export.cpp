#include "tokenizer/hf_json_export.h"

#include <algorithm>
#include <unordered_map>

#include "base/files.h"
#include "base/json.h"
#include "tokenizer/load.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/pretokenize.h"
#include "tokenizer/sentencepiece.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;
using base::Result;

// What a pre-tokenizer does, as patterns in their order; `byte_level` where it spells bytes as GPT-2 does.
struct Cuts {
  std::vector<std::string> patterns;
  bool byte_level = false, metaspace = false, at_spaces = false, other = false;
};

// Whether the normalizer writes every space as a token's sign for it.
bool spells_spaces(const Json& normalizer, int depth = 0) {
  if (const Json* steps = base::find_field(normalizer, "normalizers"); steps && steps->is_array() && depth < 8)
    return std::ranges::any_of(*steps, [&](const Json& step) { return spells_spaces(step, depth + 1); });
  const Json* pattern = base::find_field(normalizer, "pattern");
  return base::try_get<std::string>(normalizer, "type") == "Replace" && pattern && base::try_get<std::string>(*pattern, "String") == " ";
}

void collect(const Json& step, Cuts& cuts, int depth = 0) {
  const std::string type = base::try_get<std::string>(step, "type").value_or("");
  if (const Json* steps = base::find_field(step, "pretokenizers"); steps && steps->is_array() && depth < 8) {
    for (const Json& one : *steps) collect(one, cuts, depth + 1);
  } else if (type == "ByteLevel") {
    cuts.byte_level = true;
    cuts.other |= base::try_get<bool>(step, "add_prefix_space").value_or(true);
    if (base::try_get<bool>(step, "use_regex").value_or(true)) cuts.patterns.emplace_back(kGpt2Pattern);
  } else if (type == "Split") {
    const Json* pattern = base::find_field(step, "pattern");
    if (pattern && base::try_get<std::string>(*pattern, "String") == " ") {  // Gemma's: there are none left where they are spelled
      cuts.at_spaces = true;
      return;
    }
    cuts.patterns.push_back(pattern ? base::try_get<std::string>(*pattern, "Regex").value_or("?") : "?");
    const std::string behavior = base::try_get<std::string>(step, "behavior").value_or("Isolated");
    const bool words = behavior == "Removed" && base::try_get<bool>(step, "invert").value_or(false);  // Llama 3's way of saying Isolated
    cuts.other |= behavior != "Isolated" && !words;
  } else if (type == "Digits") {
    cuts.patterns.emplace_back(base::try_get<bool>(step, "individual_digits").value_or(false) ? R"(\p{N})" : R"(\p{N}+)");
  } else if (type == "Metaspace") {
    cuts.metaspace = true;
  } else {
    cuts.other = true;
  }
}

// Every token with its id: model.vocab, then added_tokens.
void set_tokens(const Json& root, const Json& model, GgufVocabulary& out) {
  const auto set = [&](std::int64_t id, const std::string& content) {
    if (id >= 0 && id < std::int64_t(out.tokens.size())) out.tokens[std::size_t(id)] = content;
  };
  if (const Json* vocab = base::find_field(model, "vocab"); vocab && vocab->is_object())
    for (const auto& [content, id] : vocab->items())
      if (id.is_number_integer()) set(id.get<std::int64_t>(), content);
  if (const Json* added = base::find_field(root, "added_tokens"); added && added->is_array())
    for (const Json& token : *added) set(base::try_get<std::int64_t>(token, "id").value_or(-1), base::try_get<std::string>(token, "content").value_or(""));
  name_unused_tokens(out);
}

using Pair = std::pair<std::string, std::string>;

Result<std::vector<Pair>> merges_of(const Json& model) {
  std::vector<Pair> out;
  const Json* merges = base::find_field(model, "merges");
  if (!merges || !merges->is_array()) return fail(ErrorCode::InvalidInput, "model.merges is missing: expected an array");
  for (const Json& merge : *merges) {
    Pair pair;
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      pair = {merge[0].get<std::string>(), merge[1].get<std::string>()};
    } else if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const std::size_t space = std::min(text.find(' '), text.size());
      pair = {text.substr(0, space), text.substr(std::min(space + 1, text.size()))};
    }
    const bool plain = !pair.first.empty() && !pair.second.empty() && (pair.first + pair.second).find(' ') == std::string::npos;
    if (!plain) return fail(ErrorCode::InvalidInput, "model.merges[{}] cannot be written as GGUF: expected two tokens without blanks", out.size());
    out.push_back(std::move(pair));
  }
  return out;
}

// SentencePiece merges the pair whose token has the highest score: an earlier merge's is higher.
void score_by_merges(const std::vector<Pair>& merges, GgufVocabulary& out) {
  std::unordered_map<std::string, std::size_t> rank;
  for (std::size_t i = 0; i < merges.size(); ++i) rank.emplace(merges[i].first + merges[i].second, i);
  for (const std::string& token : out.tokens) {
    const auto found = rank.find(token);
    out.scores.push_back(found == rank.end() ? 0.0F : -1.0F - float(found->second));
  }
}

Result<void> fill(const Json& root, const Tokenizer& loaded, GgufVocabulary& out) {
  const Json* model = base::find_field(root, "model");
  if (!model) return fail(ErrorCode::InvalidInput, "field 'model' is missing: expected an object");
  if (base::try_get<std::string>(*model, "type").value_or("BPE") != "BPE") return fail(ErrorCode::Unsupported, "only a BPE vocabulary can be written as GGUF");
  set_tokens(root, *model, out);
  auto merges = merges_of(*model);
  if (!merges) return base::forward(merges);
  Cuts cuts;
  if (const Json* pretokenizer = base::find_field(root, "pre_tokenizer")) collect(*pretokenizer, cuts);
  const Json* normalizer = base::find_field(root, "normalizer");
  cuts.other |= cuts.at_spaces && !(normalizer && spells_spaces(*normalizer));
  if (!cuts.byte_level && base::try_get<bool>(*model, "byte_fallback").value_or(false) && cuts.patterns.empty() && !cuts.other) {
    out.model = "llama";
    score_by_merges(*merges, out);
    out.adds_space = loaded.strips_leading_space();
    return {};
  }
  const auto name = cuts.byte_level && !cuts.other && !cuts.metaspace
                        ? name_of_pretokenizer(cuts.patterns, base::try_get<bool>(*model, "ignore_merges").value_or(false)) : std::nullopt;
  if (!name) return fail(ErrorCode::Unsupported, "pre_tokenizer cuts words in a way that GGUF has no name for");
  out.pre = *name;
  for (const auto& [left, right] : *merges) out.merges.push_back(left + " " + right);
  return {};
}

}  // namespace

Result<GgufVocabulary> export_hf_json(std::string_view text, const std::string& file, const Tokenizer& loaded, std::int64_t size) {
  const auto root = base::parse_json(text, file);
  if (!root) return base::forward(root);
  GgufVocabulary out;
  if (auto described = describe_tokens(loaded, size, out); !described) return base::forward(described, file);
  if (auto filled = fill(*root, loaded, out); !filled) return base::forward(filled, file);
  return out;
}

Result<GgufVocabulary> export_hf_vocabulary(const std::filesystem::path& folder, std::int64_t size) {
  std::error_code ignored;
  const bool pieces = !std::filesystem::exists(folder / "tokenizer.json", ignored) && std::filesystem::exists(folder / "tokenizer.model", ignored);
  const auto path = folder / (pieces ? "tokenizer.model" : "tokenizer.json");
  const auto text = base::read_file(path);
  if (!text) return base::forward(text);
  const auto loaded = load_tokenizer(path);
  if (!loaded) return base::forward(loaded);
  if (!pieces) return export_hf_json(*text, path.string(), **loaded, size);
  auto exported = export_sentencepiece(*text, **loaded, size);
  if (!exported) return base::forward(exported, path.string());
  return exported;
}

}  // namespace tokenizer

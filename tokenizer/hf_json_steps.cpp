#include <utility>

#include "base/base64.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/hf_json_parts.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::Json;
using base::Result;

constexpr int kDeepest = 8;  // Sequences inside Sequences; no real file has more than two

Result<std::string> type_of(const Json& step, std::string_view field) {
  auto type = base::get<std::string>(step, "type");
  if (!type) return base::forward(type, field);
  return type;
}

// Calls `read` for each member of a Sequence; the list has one name in normalizers and another in pre-tokenizers.
template <class Read>
Result<void> read_sequence(const Json& step, std::string_view field, std::string_view list, const Read& read) {
  const Json* steps = base::find_field(step, list);
  if (!steps || !steps->is_array()) return base::fail(ErrorCode::InvalidInput, "{}.{} is missing: expected an array", field, list);
  for (std::size_t i = 0; i < steps->size(); ++i)
    if (const auto done = read((*steps)[i], fmt::format("{}.{}[{}]", field, list, i)); !done) return done;
  return {};
}

Result<SplitBehavior> behavior_of(const Json& step, std::string_view field, const char* fallback) {
  const auto name = base::get_or<std::string>(step, "behavior", fallback);
  if (!name) return base::forward(name, field);
  if (*name == "Removed") return SplitBehavior::Removed;
  if (*name == "Isolated") return SplitBehavior::Isolated;
  if (*name == "MergedWithPrevious") return SplitBehavior::MergedWithPrevious;
  if (*name == "MergedWithNext") return SplitBehavior::MergedWithNext;
  if (*name == "Contiguous") return SplitBehavior::Contiguous;
  return base::fail(ErrorCode::InvalidInput, "{}.behavior is '{}': expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous", field, *name);
}

Result<void> add_regex(std::string_view pattern, SplitBehavior behavior, bool invert, std::string_view field, PipelineParts& parts) {
  auto step = split_by_regex(pattern, behavior, invert);
  if (!step) return base::forward(step, field);
  parts.steps.push_back(std::move(*step));
  return {};
}

Result<void> read_split(const Json& step, std::string_view field, PipelineParts& parts) {
  const auto behavior = behavior_of(step, field, "Isolated");
  if (!behavior) return base::forward(behavior);
  const auto invert = base::get_or<bool>(step, "invert", false);
  if (!invert) return base::forward(invert, field);
  auto pattern = read_hf_pattern(step, field);
  if (!pattern) return base::forward(pattern);
  if (pattern->regex) return add_regex(pattern->text, *behavior, *invert, field, parts);
  parts.steps.push_back(split_by_string(std::move(pattern->text), *behavior, *invert));
  return {};
}

Result<void> read_byte_level(const Json& step, std::string_view field, PipelineParts& parts) {
  const auto prefix = base::get_or<bool>(step, "add_prefix_space", true);
  if (!prefix) return base::forward(prefix, field);
  const auto regex = base::get_or<bool>(step, "use_regex", true);
  if (!regex) return base::forward(regex, field);
  if (*prefix) parts.steps.push_back(prefix_space());
  return *regex ? add_regex(kGpt2Pattern, SplitBehavior::Isolated, false, field, parts) : Result<void>{};
}

Result<PrependScheme> scheme_of(const Json& step, std::string_view field) {
  // Before `prepend_scheme` there was `add_prefix_space`, true unless told otherwise.
  const auto prefix = base::get_or<bool>(step, "add_prefix_space", true);
  if (!prefix) return base::forward(prefix, field);
  const auto name = base::get_or<std::string>(step, "prepend_scheme", *prefix ? "always" : "never");
  if (!name) return base::forward(name, field);
  if (!*prefix && *name != "never")
    return base::fail(ErrorCode::InvalidInput, "{}.add_prefix_space is false, but its prepend_scheme is '{}': expected never", field, *name);
  if (*name == "first") return PrependScheme::First;
  if (*name == "never") return PrependScheme::Never;
  if (*name == "always") return PrependScheme::Always;
  return base::fail(ErrorCode::InvalidInput, "{}.prepend_scheme is '{}': expected first, never or always", field, *name);
}

Result<void> read_metaspace(const Json& step, std::string_view field, PipelineParts& parts) {
  const auto replacement = base::get_or<std::string>(step, "replacement", std::string(kMetaspace));
  if (!replacement) return base::forward(replacement, field);
  if (*replacement != kMetaspace) return base::fail(ErrorCode::Unsupported, "{}.replacement is '{}': this build knows '{}'", field, *replacement, kMetaspace);
  const auto scheme = scheme_of(step, field);
  if (!scheme) return base::forward(scheme);
  const auto split = base::get_or<bool>(step, "split", true);
  if (!split) return base::forward(split, field);
  parts.steps.push_back(metaspace(*replacement, *scheme, *split));
  parts.spells_spaces = true;
  parts.strips_leading_space = *scheme != PrependScheme::Never;
  return {};
}

Result<void> read_digits(const Json& step, std::string_view field, PipelineParts& parts) {
  const auto single = base::get_or<bool>(step, "individual_digits", false);
  if (!single) return base::forward(single, field);
  return add_regex(*single ? R"(\p{N})" : R"(\p{N}+)", SplitBehavior::Isolated, false, field, parts);
}

Result<void> read_punctuation(const Json& step, std::string_view field, PipelineParts& parts) {
  const auto behavior = behavior_of(step, field, "Isolated");
  if (!behavior) return base::forward(behavior);
  return add_regex(R"([!-/:-@\[-`{-~\p{P}])", *behavior, false, field, parts);
}

Result<void> read_character(const Json& step, std::string_view field, PipelineParts& parts) {
  const auto delimiter = base::get<std::string>(step, "delimiter");
  if (!delimiter) return base::forward(delimiter, field);
  parts.steps.push_back(split_by_string(*delimiter, SplitBehavior::Removed));
  return {};
}

// Rust's \w and \W, spelled out: PCRE2's take other marks.
constexpr std::string_view kWordOrSymbols =
    R"([\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200c}\x{200d}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189}]+|)"
    R"([^\s\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200c}\x{200d}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189}]+)";

// Steps behind a ByteLevel see its spelling of bytes: Falcon's Digits and Split do.
struct SpellingState {
  bool byte_level_seen = false, spelled = false;
};

Result<void> read_pretokenizer(const Json& step, std::string_view field, PipelineParts& parts, SpellingState& state, int depth) {
  const auto type = type_of(step, field);
  if (!type) return base::forward(type);
  if (*type == "Sequence") {
    if (depth == kDeepest) return base::fail(ErrorCode::InvalidInput, "{} nests more than {} Sequences", field, kDeepest);
    return read_sequence(step, field, "pretokenizers",
                         [&](const Json& s, const std::string& f) { return read_pretokenizer(s, f, parts, state, depth + 1); });
  }
  if (state.byte_level_seen && !std::exchange(state.spelled, true)) parts.steps.push_back(to_spelling());
  if (*type == "ByteLevel") {
    if (std::exchange(state.byte_level_seen, true))
      return base::fail(ErrorCode::Unsupported, "{} is a second ByteLevel: this build knows one", field);
    return read_byte_level(step, field, parts);
  }
  if (*type == "Split") return read_split(step, field, parts);
  if (*type == "Digits") return read_digits(step, field, parts);
  if (*type == "Metaspace") return read_metaspace(step, field, parts);
  if (*type == "Punctuation") return read_punctuation(step, field, parts);
  if (*type == "Whitespace") return add_regex(kWordOrSymbols, SplitBehavior::Removed, true, field, parts);
  if (*type == "WhitespaceSplit") return add_regex(R"(\s+)", SplitBehavior::Removed, false, field, parts);
  if (*type == "CharDelimiterSplit") return read_character(step, field, parts);
  return base::fail(ErrorCode::Unsupported, "{}.type is '{}', which this build does not know", field, *type);
}

Result<void> read_replace(const Json& step, std::string_view field, PipelineParts& parts) {
  auto pattern = read_hf_pattern(step, field);
  if (!pattern) return base::forward(pattern);
  auto content = base::get<std::string>(step, "content");
  if (!content) return base::forward(content, field);
  if (pattern->text == " " && *content == kMetaspace) parts.spells_spaces = true;
  if (!pattern->regex) {
    parts.normalizer.add(replace_string(std::move(pattern->text), std::move(*content)));
    return {};
  }
  auto replace = replace_regex(pattern->text, std::move(*content));
  if (!replace) return base::forward(replace, field);
  parts.normalizer.add(std::move(*replace));
  return {};
}

Result<void> read_prepend(const Json& step, std::string_view field, PipelineParts& parts) {
  auto text = base::get<std::string>(step, "prepend");
  if (!text) return base::forward(text, field);
  if (*text == kMetaspace || *text == " ") parts.strips_leading_space = true;
  parts.normalizer.add(prepend(std::move(*text)));
  return {};
}

Result<void> read_precompiled(const Json& step, std::string_view field, PipelineParts& parts) {
  const auto encoded = base::get<std::string>(step, "precompiled_charsmap");
  if (!encoded) return base::forward(encoded, field);
  const auto bytes = base::decode_base64(*encoded);
  if (!bytes) return base::fail(ErrorCode::InvalidInput, "{}.precompiled_charsmap is not base64", field);
  auto rules = Charsmap::parse(*bytes);
  if (!rules) return base::forward(rules, fmt::format("{}.precompiled_charsmap", field));
  parts.normalizer.add(to_step(std::move(*rules)));
  return {};
}

Result<void> read_normalizer(const Json& step, std::string_view field, PipelineParts& parts, int depth) {
  const auto type = type_of(step, field);
  if (!type) return base::forward(type);
  if (*type == "Sequence") {
    if (depth == kDeepest) return base::fail(ErrorCode::InvalidInput, "{} nests more than {} Sequences", field, kDeepest);
    return read_sequence(step, field, "normalizers",
                         [&](const Json& s, const std::string& f) { return read_normalizer(s, f, parts, depth + 1); });
  }
  if (*type == "Replace") return read_replace(step, field, parts);
  if (*type == "Prepend") return read_prepend(step, field, parts);
  if (*type == "Precompiled") return read_precompiled(step, field, parts);
  if (*type == "NFC") parts.normalizer.add(unicode_form(UnicodeForm::Nfc));
  else if (*type == "NFD") parts.normalizer.add(unicode_form(UnicodeForm::Nfd));
  else if (*type == "NFKC") parts.normalizer.add(unicode_form(UnicodeForm::Nfkc));
  else if (*type == "NFKD") parts.normalizer.add(unicode_form(UnicodeForm::Nfkd));
  else if (*type == "Lowercase") parts.normalizer.add(lowercase());
  else if (*type == "StripAccents") parts.normalizer.add(strip_accents());
  else if (*type == "Strip")
    parts.normalizer.add(strip(base::try_get<bool>(step, "strip_left").value_or(true), base::try_get<bool>(step, "strip_right").value_or(true)));
  else return base::fail(ErrorCode::Unsupported, "{}.type is '{}', which this build does not know", field, *type);
  return {};
}

}  // namespace

Result<HfPattern> read_hf_pattern(const Json& step, std::string_view field) {
  if (const Json* pattern = base::find_field(step, "pattern")) {
    if (auto text = base::try_get<std::string>(*pattern, "Regex")) return HfPattern{true, std::move(*text)};
    if (auto text = base::try_get<std::string>(*pattern, "String")) return HfPattern{false, std::move(*text)};
  }
  return base::fail(ErrorCode::InvalidInput, "{}.pattern is missing: expected {{\"Regex\": ...}} or {{\"String\": ...}}", field);
}

Result<void> read_hf_normalizer(const Json& normalizer, std::string_view field, PipelineParts& parts) {
  return read_normalizer(normalizer, field, parts, 0);
}

Result<void> read_hf_pretokenizer(const Json& pretokenizer, std::string_view field, PipelineParts& parts) {
  SpellingState state;
  if (const auto read = read_pretokenizer(pretokenizer, field, parts, state, 0); !read) return read;
  if (state.spelled) parts.steps.push_back(from_spelling());
  return {};
}

}  // namespace tokenizer

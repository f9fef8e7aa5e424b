#include "base/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/hf_json_parts.h"

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::Json;
using base::Result;

constexpr int kDeepest = 8;

// What has been read so far. Behind a Fuse the library works on the whole text, we still on each token.
struct State {
  HfDecoder decoder;
  bool fused = false;
};

Result<void> read_replace(const Json& step, std::string_view field, State& state) {
  auto pattern = read_hf_pattern(step, field);
  if (!pattern) return base::forward(pattern);
  auto content = base::get<std::string>(step, "content");
  if (!content) return base::forward(content, field);
  if (state.fused && (pattern->regex || base::code_point_count(pattern->text) > 1))
    return base::fail(ErrorCode::Unsupported, "{} replaces '{}' behind a Fuse: this build decodes one token at a time", field, pattern->text);
  if (!pattern->regex) {
    auto replace = replace_string(std::move(pattern->text), std::move(*content));
    state.decoder.steps.push_back([replace = std::move(replace)](std::string text) { return replace(std::move(text), false); });
    return {};
  }
  auto replace = replace_regex(pattern->text, std::move(*content));
  if (!replace) return base::forward(replace, field);
  state.decoder.steps.push_back([replace = std::move(*replace)](std::string text) { return replace(std::move(text), false); });
  return {};
}

// At most `start` and `stop` of a character, from both ends.
std::string strip_ends(std::string text, std::string_view content, std::int64_t start, std::int64_t stop) {
  for (; start > 0 && text.starts_with(content); --start) text.erase(0, content.size());
  for (; stop > 0 && text.ends_with(content); --stop) text.erase(text.size() - content.size());
  return text;
}

// Behind a Fuse it takes the space that encoding put first, which Tokenizer::decode() does: strips_leading_space().
Result<void> read_strip(const Json& step, std::string_view field, State& state) {
  const auto content = base::get<std::string>(step, "content");
  if (!content) return base::forward(content, field);
  const auto start = base::get_or<std::int64_t>(step, "start", 0);
  if (!start) return base::forward(start, field);
  const auto stop = base::get_or<std::int64_t>(step, "stop", 0);
  if (!stop) return base::forward(stop, field);
  if (content->empty()) return base::fail(ErrorCode::InvalidInput, "{}.content is empty: expected a character", field);
  if (state.fused && *content == " " && *start <= 1 && *stop == 0) return {};
  if (state.fused)
    return base::fail(ErrorCode::Unsupported, "{} strips '{}' {} and {} times from the whole text: this build strips one leading space",
                      field, *content, *start, *stop);
  state.decoder.steps.push_back(
      [c = *content, start = *start, stop = *stop](std::string text) { return strip_ends(std::move(text), c, start, stop); });
  return {};
}

Result<void> read_step(const Json& step, std::string_view field, State& state, int depth) {
  const auto type = base::get<std::string>(step, "type");
  if (!type) return base::forward(type, field);
  if (*type == "Sequence") {
    if (depth == kDeepest) return base::fail(ErrorCode::InvalidInput, "{} nests more than {} Sequences", field, kDeepest);
    const Json* steps = base::find_field(step, "decoders");
    if (!steps || !steps->is_array()) return base::fail(ErrorCode::InvalidInput, "{}.decoders is missing: expected an array", field);
    for (std::size_t i = 0; i < steps->size(); ++i)
      if (const auto read = read_step((*steps)[i], fmt::format("{}.decoders[{}]", field, i), state, depth + 1); !read) return read;
    return {};
  }
  if (*type == "ByteLevel") {
    state.decoder.byte_level = true;
    return {};
  }
  if (*type == "Metaspace") {
    const auto replacement = base::get_or<std::string>(step, "replacement", std::string(kMetaspace));
    if (!replacement) return base::forward(replacement, field);
    auto replace = replace_string(*replacement, " ");
    state.decoder.steps.push_back([replace = std::move(replace)](std::string text) { return replace(std::move(text), false); });
    return {};
  }
  if (*type == "Replace") return read_replace(step, field, state);
  if (*type == "Strip") return read_strip(step, field, state);
  if (*type == "ByteFallback") return {};  // byte tokens are known by their kind
  if (*type == "Fuse") {
    state.fused = true;
    return {};
  }
  return base::fail(ErrorCode::Unsupported, "{}.type is '{}', which this build does not know", field, *type);
}

}  // namespace

std::string HfDecoder::bytes_of(std::string spelled) const {
  if (byte_level) return from_printable(spelled).value_or(spelled);
  for (const Step& step : steps) spelled = step(std::move(spelled));
  return spelled;
}

Result<HfDecoder> read_hf_decoder(const Json& decoder, std::string_view field) {
  State state;
  if (const auto read = read_step(decoder, field, state, 0); !read) return base::forward(read);
  return std::move(state.decoder);
}

}  // namespace tokenizer

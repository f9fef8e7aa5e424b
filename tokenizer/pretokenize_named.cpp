#include <algorithm>
#include <array>
#include <charconv>

#include "base/utf8.h"
#include "tokenizer/pretokenize.h"

namespace tokenizer {

namespace {

// The patterns are the models' own, from their tokenizer.json; several steps run one after the other, each on the pieces
// the one before left. A last "|\s+" that some spell out changes nothing: what no match takes is a piece of its own.
constexpr std::string_view kGpt2 = kGpt2Pattern;
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen35 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kSeedCoder =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kBailing =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
constexpr std::string_view kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";
constexpr std::string_view kDigit = R"(\p{N})";
constexpr std::string_view kThreeDigits = R"([0-9][0-9][0-9])";
// Han, kana and Hangul as DeepSeek's files bound them.
constexpr std::string_view kDeepSeekCjk = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";
// Cased letters as of an older Unicode, listed by DeepSeek LLM's file; \p{L&} differs only in letters assigned since.
constexpr std::string_view kDeepSeekLetters = R"(\s?(?:(?![\x{10d0}-\x{10ff}])\p{L&})+)";
constexpr std::string_view kDeepSeekPunctuation = R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)";
constexpr std::string_view kDeepSeekV3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

using Steps = std::array<std::string_view, 6>;
struct Family {
  std::string_view names;  // separated by blanks
  Steps steps;
  bool ignore_merges = false;
  bool adds_bos = false;
};

constexpr Family kFamilies[] = {
    {"gpt-2 phi-2 mpt olmo jais trillion mellum gigachat exaone4 granite-docling modern-bert a.x-4.0", {kGpt2}},
    {"starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", {kDigit, kGpt2}},
    {"llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2", {kLlama3}, true, true},
    {"dbrx smaug-bpe glm4 chatglm-bpe", {kLlama3}},
    {"qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez grok-2 solar-open kormo", {kQwen2}},
    {"qwen35", {kQwen35}},
    {"seed-coder", {kSeedCoder}},
    {"bailingmoe bailingmoe2 llada-moe", {kBailing}},
    {"tekken", {kTekken}, true, true},
    {"gpt-4o llama4 kanana2 minimax-m2", {kGpt4o}},
    {"deepseek-coder", {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kDeepSeekCjk, kDigit}},
    {"deepseek-llm", {R"([\r\n])", kDeepSeekLetters, kDeepSeekPunctuation, R"(\s+$)", kDeepSeekCjk, R"(\p{N}+)"}},
    {"deepseek-v3 hunyuan-dense joyai-llm", {R"(\p{N}{1,3})", R"([一-龥\x{3040}-ゟ゠-ヿ]+)", kDeepSeekV3}},
    {"falcon", {R"([\p{P}$+<=>^~|`]+)", kGpt2, kThreeDigits}},
    {"bloom poro-chat gpt3-finnish", {kBloom}},
    {"viking", {kBloom, kDigit}},
    {"rigpilot-code", {kLineEndPattern, kCodePattern}},
    {"default", {R"([\p{P}$+<=>^~|]+)", kGpt2, R"(\p{N}+)", kThreeDigits}},
};

// Another way in which tokenizer.json files write a pattern of the table.
struct Spelling {
  std::string_view pattern, also;
};
constexpr Spelling kSpellings[] = {{kBloom, R"( ?[^(\s|[.,!?…。，、।۔،])]+)"}};  // a class within a class: BLOOM's own file

// With \x{...}, \r and \n written out as the characters they are: DeepSeek's files hold those.
std::string literal(std::string_view pattern) {
  std::string out;
  while (!pattern.empty()) {
    std::uint32_t code = 0;
    const std::size_t end = pattern.starts_with("\\x{") ? pattern.find('}') : std::string_view::npos;
    const bool escaped = end != std::string_view::npos && std::from_chars(pattern.data() + 3, pattern.data() + end, code, 16).ptr == pattern.data() + end;
    if (escaped) base::append_utf8(out, code), pattern.remove_prefix(end + 1);
    else if (pattern.starts_with("\\r") || pattern.starts_with("\\n")) out += pattern[1] == 'r' ? '\r' : '\n', pattern.remove_prefix(2);
    else out += pattern.front(), pattern.remove_prefix(1);
  }
  return out;
}

bool same_pattern(std::string_view step, std::string_view pattern) {
  for (const Spelling& spelling : kSpellings)
    if (spelling.pattern == step && spelling.also == pattern) return true;
  const std::string given = literal(pattern), wanted = literal(step);
  return given == wanted || given == wanted + "|\\s+";
}

bool names(const Family& family, std::string_view name) {
  std::string_view rest = family.names;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == name) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

base::Result<NamedPreTokenizer> pretokenize_named(std::string_view name) {
  const auto* family = std::ranges::find_if(kFamilies, [&](const Family& f) { return names(f, name); });
  if (family == std::end(kFamilies))
    return base::fail(base::ErrorCode::Unsupported, "pre-tokenizer '{}' is not one this build knows (gpt-2, llama-bpe, qwen2, starcoder, deepseek-coder, ...)", name);
  SplitSteps steps;
  for (const std::string_view pattern : family->steps) {
    if (pattern.empty()) break;
    auto step = split_by_regex(pattern, SplitBehavior::Isolated);
    if (!step) return base::forward(step, name);
    steps.push_back(std::move(*step));
  }
  return NamedPreTokenizer{std::move(steps), family->ignore_merges, family->adds_bos};
}

std::optional<std::string> name_of_pretokenizer(const std::vector<std::string>& patterns, bool ignore_merges) {
  for (const Family& family : kFamilies) {
    std::vector<std::string_view> steps;
    for (const std::string_view pattern : family.steps)
      if (!pattern.empty()) steps.push_back(pattern);
    if (family.ignore_merges == ignore_merges && std::ranges::equal(steps, patterns, same_pattern)) return std::string(family.names.substr(0, family.names.find(' ')));
  }
  return std::nullopt;
}

}  // namespace tokenizer

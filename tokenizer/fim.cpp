#include "tokenizer/fim.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tokenizer {
namespace {

using enum FimOrder;
using enum PathPlace;

// How files stand beside each other. A form counts where the vocabulary has its file marker, or where it needs none.
struct Form {
  std::string_view name, repo, repo_end, file, path_begin, path_end, file_end;
  PathPlace place;
  bool file_between = false;
};
// clang-format off
//                             name             repository       end   file                  path begin  end   file end  place
// Qwen2.5-Coder, arXiv 2409.12186, figure 4: <|repo_name|>NAME, lines of <|file_sep|>PATH and text, <|file_sep|>PATH before the hole
constexpr Form kQwenFiles =    {"qwen",         "<|repo_name|>", "\n", "<|file_sep|>",       "",         "\n", "\n",     BeforeMarkers};
// ai.google.dev, "CodeGemma prompt structure": the separator is for several files; PATH first: arXiv 2406.11409, not seen
constexpr Form kGemmaFiles =   {"codegemma",    "",              "",   "<|file_separator|>", "",         "\n", "",       BeforeMarkers, true};
// IBM documents none: the markers' names are as other programs for Granite 4 have them, the order is Qwen's
constexpr Form kGraniteFiles = {"granite",      "<|reponame|>",  "\n", "<|filename|>",       "",         "\n", "\n",     BeforeMarkers};
// StarCoder2, arXiv 2402.19173, section 5.1: <repo_name>NAME<file_sep>PATH0\ntext<file_sep><fim_prefix>PATH1\n...
constexpr Form kStar2Files =   {"starcoder2",   "<repo_name>",   "",   "<file_sep>",         "",         "\n", "",       BehindPrefix};
// StarCoder, arXiv 2305.06161 (from memory): <reponame>NAME<filename>PATH begin the document that the hole is cut out of
constexpr Form kStarFiles =    {"starcoder",    "<reponame>",    "",   "<filename>",         "",         "\n", "",       InPrefix};
// deepseek-ai/DeepSeek-Coder README, "Repository Level Code Completion": #PATH, a line end, the text
constexpr Form kDeepSeek =     {"deepseek",     "",              "",   "",                   "#",        "\n", "\n",     InPrefix};
// continuedev/continue, AutocompleteTemplate.ts, codestralMultifileFimTemplate; Mistral documents none
constexpr Form kCodestral =    {"codestral",    "",              "",   "",                   "+++++ ",   "\n", "\n\n",   InPrefix};

struct Row {
  std::string_view family;
  FimOrder order;
  std::string_view prefix, suffix, middle;
  std::array<Form, 3> forms = {};  // the first that the vocabulary has
  std::string_view sign = {};      // a further token: what has it is asked so, though its markers are another family's
};
constexpr Row kRows[] = {
    // family       order               prefix               suffix               middle               other files
    // Ours, models/README.md: a small model finds the end of the prefix badly where the suffix stands between it and the middle
    {"rigpilot",    SuffixMiddlePrefix, "<|fim_prefix|>",    "<|fim_suffix|>",    "<|fim_middle|>",    {kQwenFiles}, "<|fim_suffix_first|>"},
    // Qwen2.5-Coder, arXiv 2409.12186; ai.google.dev, "CodeGemma prompt structure"; Granite 4 has the same names in other programs' lists
    {"qwen",        PrefixSuffixMiddle, "<|fim_prefix|>",    "<|fim_suffix|>",    "<|fim_middle|>",    {kQwenFiles, kGemmaFiles, kGraniteFiles}},
    // StarCoder2, arXiv 2402.19173; QwenLM/CodeQwen1.5 README; the markers are in llama.cpp's vocabularies of StarCoder and Refact
    {"starcoder",   PrefixSuffixMiddle, "<fim_prefix>",      "<fim_suffix>",      "<fim_middle>",      {kStar2Files, kStarFiles}},
    // SantaCoder: with hyphens, as huggingface/text-generation-inference's tests and BigCode's Megatron-LM have them
    {"santacoder",  PrefixSuffixMiddle, "<fim-prefix>",      "<fim-suffix>",      "<fim-middle>",      {}},
    // deepseek-ai/DeepSeek-Coder README, "Code Insertion"
    {"deepseek",    PrefixSuffixMiddle, "<｜fim▁begin｜>",   "<｜fim▁hole｜>",    "<｜fim▁end｜>",     {kDeepSeek}},
    // transformers, tokenization_code_llama.py: " <PRE> {pre} <SUF>{suf} <MID>"; llama.cpp knows both spellings
    {"codellama",   PrefixSuffixMiddle, "▁<PRE>",            "▁<SUF>",            "▁<MID>",            {}},
    {"codellama",   PrefixSuffixMiddle, "<PRE>",             "<SUF>",             "<MID>",             {}},
    // mistral-common 1.13.1, InstructTokenizerV2.encode_fim: BOS [SUFFIX] suffix [PREFIX] prefix
    {"codestral",   SuffixPrefixMiddle, "[PREFIX]",          "[SUFFIX]",          "",                  {kCodestral}},
    // Seed-Coder, arXiv 2506.03524: <[fim-suffix]>SUFFIX<[fim-prefix]>PREFIX<[fim-middle]>MIDDLE
    {"seed-coder",  SuffixPrefixMiddle, "<[fim-prefix]>",    "<[fim-suffix]>",    "<[fim-middle]>",    {}},
    // THUDM/CodeGeeX4, guides/Infilling_guideline.md: <|code_suffix|>...<|code_prefix|>...<|code_middle|>
    {"glm",         SuffixPrefixMiddle, "<|code_prefix|>",   "<|code_suffix|>",   "<|code_middle|>",   {}},
};
// clang-format on

// Tokens that a model trained on whole files writes where one ends and the next begins.
constexpr std::string_view kEnds[] = {"<|endoftext|>", "<|end_of_text|>", "<|fim_pad|>",  "<fim_pad>",    "<fim-pad>",          "<|repo_name|>",  "<|fim_suffix_first|>",
                                      "<repo_name>",   "<reponame>",      "<|reponame|>", "<|file_sep|>", "<|file_separator|>", "<file_sep>",
                                      "<filename>",    "<|filename|>",    "▁<EOT>",       "<EOT>",        "[MIDDLE]"};

std::optional<TokenId> marker(const Tokenizer& tokenizer, std::string_view content) {
  if (content.empty()) return std::nullopt;
  const auto id = tokenizer.find(content);
  if (!id) return std::nullopt;
  const TokenKind kind = tokenizer.kind(*id);
  return kind == TokenKind::Control || kind == TokenKind::UserDefined ? id : std::nullopt;
}

RepositoryForm form_of(const Tokenizer& tokenizer, const Row& row) {
  for (const Form& form : row.forms) {
    const auto file = marker(tokenizer, form.file);
    if (form.name.empty() || (!form.file.empty() && !file)) continue;
    return {.name = form.name,
            .repo_name = marker(tokenizer, form.repo),
            .repo_end = form.repo_end,
            .file = file,
            .file_between = form.file_between,
            .path_begin = form.path_begin,
            .path_end = form.path_end,
            .file_end = form.file_end,
            .place = form.place};
  }
  return {};
}

// Every marker ends a middle too: a model that begins another hole has finished this one.
std::vector<TokenId> ends_of(const Tokenizer& tokenizer, const FimLayout& layout) {
  std::vector<TokenId> ends = {layout.prefix, layout.suffix};
  if (layout.middle) ends.push_back(*layout.middle);
  for (const std::string_view end : kEnds)
    if (const auto id = marker(tokenizer, end); id && std::ranges::find(ends, *id) == ends.end()) ends.push_back(*id);
  return ends;
}

}  // namespace

std::optional<FimLayout> probe_fim(const Tokenizer& tokenizer) {
  for (const Row& row : kRows) {
    const auto prefix = marker(tokenizer, row.prefix), suffix = marker(tokenizer, row.suffix), middle = marker(tokenizer, row.middle);
    if (!prefix || !suffix || (!row.middle.empty() && !middle) || (!row.sign.empty() && !marker(tokenizer, row.sign))) continue;
    FimLayout layout{.family = row.family, .order = row.order, .prefix = *prefix, .suffix = *suffix, .middle = middle};
    layout.repository = form_of(tokenizer, row);
    layout.end = ends_of(tokenizer, layout);
    return layout;
  }
  return std::nullopt;
}

std::vector<std::string_view> fim_families() {
  std::vector<std::string_view> families;
  for (const Row& row : kRows)
    if (families.empty() || families.back() != row.family) families.push_back(row.family);
  return families;
}

std::vector<std::string_view> fim_markers(std::string_view family) {
  const auto row = std::ranges::find(kRows, family, &Row::family);
  if (row == std::end(kRows)) return {};
  std::vector<std::string_view> markers = {row->prefix, row->suffix, row->middle, row->forms[0].repo, row->forms[0].file, row->sign};
  std::erase(markers, "");
  return markers;
}

RepositoryContext repository_context(const RepositoryForm& form, std::string_view repo, std::span<const RepositoryFile> others,
                                     std::string_view path) {
  RepositoryContext context;
  if (!form) return context;
  std::vector<PromptPiece>& before = form.place == InPrefix ? context.in_prefix : context.before_markers;
  if (form.repo_name && !repo.empty()) before.push_back({form.repo_name, fmt::format("{}{}", repo, form.repo_end)});
  bool first = true;
  const auto file_marker = [&] { return std::exchange(first, false) && form.file_between ? std::nullopt : form.file; };
  for (const RepositoryFile& file : others)
    before.push_back({file_marker(), fmt::format("{}{}{}{}{}", form.path_begin, file.path, form.path_end, file.text, form.file_end)});
  const std::string heading = fmt::format("{}{}{}", form.path_begin, path, form.path_end);
  const auto last = file_marker();
  if (form.place == BehindPrefix) {
    before.push_back({last, ""});
    context.in_prefix.push_back({std::nullopt, heading});
  } else {
    before.push_back({last, heading});
  }
  return context;
}

std::string describe(const RepositoryForm& form, const Tokenizer& tokenizer) {
  if (!form) return "none";
  std::string text = form.repo_name ? fmt::format("{} NAME, ", tokenizer.bytes(*form.repo_name)) : "";
  if (form.file) text += fmt::format("{} ", tokenizer.bytes(*form.file));
  return text + fmt::format("{}PATH", form.path_begin);
}

}  // namespace tokenizer

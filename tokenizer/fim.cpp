#include "tokenizer/fim.h"

#include <algorithm>
#include <array>

namespace tokenizer {
namespace {

using enum FimOrder;

struct Row {
  std::string_view family;
  FimOrder order;
  std::string_view prefix, suffix, middle;
  std::array<std::string_view, 2> repo_names, file_separators;  // the first the vocabulary has
};

// clang-format off
constexpr Row kRows[] = {
    // family         order               prefix               suffix               middle               repository                        file
    {"qwen",          PrefixSuffixMiddle, "<|fim_prefix|>",    "<|fim_suffix|>",    "<|fim_middle|>",    {"<|repo_name|>"},                {"<|file_sep|>", "<|file_separator|>"}},
    {"starcoder",     PrefixSuffixMiddle, "<fim_prefix>",      "<fim_suffix>",      "<fim_middle>",      {"<repo_name>", "<reponame>"},    {"<file_sep>", "<filename>"}},
    {"santacoder",    PrefixSuffixMiddle, "<fim-prefix>",      "<fim-suffix>",      "<fim-middle>",      {},                               {}},
    {"deepseek",      PrefixSuffixMiddle, "<｜fim▁begin｜>",   "<｜fim▁hole｜>",    "<｜fim▁end｜>",     {},                               {}},
    {"codellama",     PrefixSuffixMiddle, "▁<PRE>",            "▁<SUF>",            "▁<MID>",            {},                               {}},
    {"codellama",     PrefixSuffixMiddle, "<PRE>",             "<SUF>",             "<MID>",             {},                               {}},
    {"codestral",     SuffixPrefixMiddle, "[PREFIX]",          "[SUFFIX]",          "",                  {},                               {}},
    {"seed-coder",    SuffixPrefixMiddle, "<[fim-prefix]>",    "<[fim-suffix]>",    "<[fim-middle]>",    {},                               {}},
    {"glm",           PrefixSuffixMiddle, "<|code_prefix|>",   "<|code_suffix|>",   "<|code_middle|>",   {},                               {}},
    {"falcon",        PrefixSuffixMiddle, "<|prefix|>",        "<|suffix|>",        "<|middle|>",        {},                               {}},
};
// clang-format on

// Tokens that a model trained on whole files writes where one ends and the next begins.
constexpr std::string_view kEnds[] = {"<|endoftext|>", "<|end_of_text|>", "<|fim_pad|>", "<fim_pad>",   "<fim-pad>",
                                      "<|repo_name|>", "<repo_name>",     "<reponame>",  "<|file_sep|>", "<|file_separator|>",
                                      "<file_sep>",    "<filename>",      "▁<EOT>",      "<EOT>",         "[MIDDLE]"};

std::optional<TokenId> marker(const Tokenizer& tokenizer, std::string_view content) {
  if (content.empty()) return std::nullopt;
  const auto id = tokenizer.find(content);
  if (!id) return std::nullopt;
  const TokenKind kind = tokenizer.kind(*id);
  return kind == TokenKind::Control || kind == TokenKind::UserDefined ? id : std::nullopt;
}

std::optional<TokenId> first_marker(const Tokenizer& tokenizer, std::span<const std::string_view> contents) {
  for (const std::string_view content : contents)
    if (const auto id = marker(tokenizer, content)) return id;
  return std::nullopt;
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
    if (!prefix || !suffix || (!row.middle.empty() && !middle)) continue;
    FimLayout layout{.family = row.family, .order = row.order, .prefix = *prefix, .suffix = *suffix, .middle = middle};
    layout.repo_name = first_marker(tokenizer, row.repo_names);
    layout.file_separator = first_marker(tokenizer, row.file_separators);
    layout.end = ends_of(tokenizer, layout);
    return layout;
  }
  return std::nullopt;
}

}  // namespace tokenizer

// fim.h: how a model wants to be asked to fill in the middle: its marker tokens and their order.
// probe() looks in the vocabulary for the marker tokens of each known layout (never at the model's name).
// Sources: the layouts' papers and model cards; FIM itself: Bavarian et al. 2022, arXiv 2207.14255.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

enum class FimOrder {
  PrefixSuffixMiddle,  // PRE prefix SUF suffix MID
  SuffixPrefixMiddle,  // SUF suffix PRE prefix MID (Seed-Coder), or without MID (Codestral)
};

struct FimLayout {
  std::string_view family;  // "qwen", "starcoder", ...: for people, not for decisions
  FimOrder order = FimOrder::PrefixSuffixMiddle;
  TokenId prefix = -1;
  TokenId suffix = -1;
  std::optional<TokenId> middle;
  std::vector<TokenId> end;             // ids that end a middle, beside the tokenizer's end_ids()
  std::optional<TokenId> repo_name;     // repository-level context, where the vocabulary has it
  std::optional<TokenId> file_separator;
};

// The layout whose every marker is a control (or user-defined) token of this vocabulary; nullopt: prefix-only model.
std::optional<FimLayout> probe_fim(const Tokenizer& tokenizer);

}  // namespace tokenizer

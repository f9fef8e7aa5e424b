// fim.h: how a model wants to be asked to fill in the middle, and how it was shown the other files of a repository.
// probe_fim() looks in the vocabulary for the marker tokens of each known layout (never at the model's name);
// repository_context() spells other files for it. Both are tables in fim.cpp, each row beside its source.
// FIM itself: Bavarian et al. 2022, arXiv 2207.14255.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenizer {

enum class FimOrder {
  PrefixSuffixMiddle,  // PRE prefix SUF suffix MID
  SuffixPrefixMiddle,  // SUF suffix PRE prefix MID (Seed-Coder, CodeGeeX4), or without MID (Codestral)
  SuffixMiddlePrefix,  // PRE SUF suffix MID prefix: the middle goes on where the prefix ends (SPM of arXiv 2207.14255, section 3; ours)
};

// Where the path of the file being written stands; other files always stand before it.
enum class PathPlace {
  BeforeMarkers,  // file marker, path, PRE, prefix: Qwen2.5-Coder
  BehindPrefix,   // file marker, PRE, path, prefix: StarCoder2
  InPrefix,       // PRE, other files, path, prefix: all of it is the prefix's own text (DeepSeek-Coder, Codestral)
};

struct RepositoryForm {
  std::string_view name;                // for people: "<|file_sep|> PATH"; empty where the model was shown single files only
  std::optional<TokenId> repo_name;     // stands before the repository's name
  std::string_view repo_end;            // stands behind it
  std::optional<TokenId> file;          // stands before each file's path
  bool file_between = false;            // only between files, not before the first
  std::string_view path_begin, path_end;
  std::string_view file_end;            // stands behind the text of each other file
  PathPlace place = PathPlace::InPrefix;

  explicit operator bool() const { return !name.empty(); }
};

struct FimLayout {
  std::string_view family;  // "qwen", "starcoder", ...: for people, not for decisions
  FimOrder order = FimOrder::PrefixSuffixMiddle;
  TokenId prefix = -1;
  TokenId suffix = -1;
  std::optional<TokenId> middle;
  std::vector<TokenId> end;  // ids that end a middle, beside the tokenizer's end_ids()
  RepositoryForm repository;
};

// The layout whose every marker is a control (or user-defined) token of this vocabulary; nullopt: prefix-only model.
std::optional<FimLayout> probe_fim(const Tokenizer& tokenizer);

// For vocabularies that are made up: the families by name, and what one's layout is known by, in any order; empty: no such family.
std::vector<std::string_view> fim_families();
std::vector<std::string_view> fim_markers(std::string_view family);

struct RepositoryFile {
  std::string_view path, text;  // the path as from the repository's root
};

// A marker, then a text to encode with special tokens off; either may be absent.
struct PromptPiece {
  std::optional<TokenId> marker;
  std::string text;
};

// What stands before the first fill-in-the-middle marker, and what stands right behind PRE, before the prefix itself.
struct RepositoryContext {
  std::vector<PromptPiece> before_markers, in_prefix;
};
// `repo` may be empty: it is then left out. Nothing for a model that has no form.
RepositoryContext repository_context(const RepositoryForm& form, std::string_view repo, std::span<const RepositoryFile> others,
                                     std::string_view path);

// "<|repo_name|> NAME, <|file_sep|> PATH", or "none": for `rigpilot model info`.
std::string describe(const RepositoryForm& form, const Tokenizer& tokenizer);

}  // namespace tokenizer

// pretokenize.h: cutting a text into words before BPE, in one or more steps, as a model's file asks.
// Build a PreTokenizer from steps (pretokenize_named() for GGUF's names, hf_json for tokenizer.json); split() each text.
// Immutable; any thread, each call with its own SplitContext. Text is well-formed UTF-8; pieces are views of it or of `owned`.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/regex.h"

namespace tokenizer {

enum class SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };
enum class PrependScheme { First, Never, Always };

// Where a text stands in its document: steps that put a space first ask.
enum class Place : std::uint8_t {
  DocumentStart,  // nothing before it
  Begins,         // behind an added token, or a later piece: a word begins there
  Continues,      // goes on from earlier text: nothing is put first
};

struct SplitContext {
  RegexScratch regex;
  std::deque<std::string> owned;  // texts a step had to change; lives as long as the pieces
};

class SplitStep {
 public:
  virtual ~SplitStep() = default;
  virtual void split(std::string_view piece, Place place, SplitContext& context, std::vector<std::string_view>& out) const = 0;
};
using SplitSteps = std::vector<std::unique_ptr<const SplitStep>>;

// Cuts at the matches of a pattern. `invert`: the matches are the words and what lies between is the delimiter.
base::Result<std::unique_ptr<const SplitStep>> split_by_regex(std::string_view pattern, SplitBehavior behavior, bool invert = false);
std::unique_ptr<const SplitStep> split_by_string(std::string literal, SplitBehavior behavior, bool invert = false);
// Puts a space before each piece that does not begin with one (ByteLevel's add_prefix_space).
std::unique_ptr<const SplitStep> prefix_space();
// Spaces become `replacement`, one is put first as `scheme` says, and pieces begin at each where `split`.
std::unique_ptr<const SplitStep> metaspace(std::string replacement, PrependScheme scheme, bool split);
// For steps behind a ByteLevel, which see bytes in GPT-2's spelling; from_spelling() ends them.
std::unique_ptr<const SplitStep> to_spelling();
std::unique_ptr<const SplitStep> from_spelling();

class PreTokenizer {
 public:
  PreTokenizer() = default;
  explicit PreTokenizer(SplitSteps steps) : steps_(std::move(steps)) {}
  // `out` is filled anew.
  void split(std::string_view text, Place place, SplitContext& context, std::vector<std::string_view>& out) const;

 private:
  SplitSteps steps_;
};

// What tokenizer.ggml.pre names mean: llama.cpp's, and one of ours. Fails, naming it, where the name is unknown.
struct NamedPreTokenizer {
  SplitSteps steps;
  bool ignore_merges = false;  // a word that is a token is that token, whatever the merges say
  bool adds_bos = false;       // where the file does not say
};
base::Result<NamedPreTokenizer> pretokenize_named(std::string_view name);
// The other way round: the name of steps that cut at these patterns, one after the other; nullopt where there is none.
std::optional<std::string> name_of_pretokenizer(const std::vector<std::string>& patterns, bool ignore_merges);

// Rigpilot's own, for source code (train-tokenizer --cuts code): line ends stand alone, so that no token reaches across one; digits
// one by one; a mark before letters goes with them (".size", "_name", "(x"), as in Qwen2; runs of blanks are words of their own.
// Its name in GGUF, "rigpilot-code", is no name of llama.cpp's, which refuses such a file.
inline constexpr std::string_view kLineEndPattern = R"([\r\n])";
inline constexpr std::string_view kCodePattern = R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// GPT-2's own pattern: what ByteLevel(use_regex) means.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace tokenizer

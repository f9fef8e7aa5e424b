#include "tokenizer/train/hf_json_trained.h"

#include "base/json.h"
#include "tokenizer/byte_level.h"

namespace tokenizer {
namespace {

constexpr std::string_view kDigit = R"(\p{N})";

std::string spelled(const TrainedBpe& trained, TokenId id) { return to_printable(trained.tokens[std::size_t(id) - trained.special.size()]); }

}  // namespace

base::Result<PreTokenizer> Cuts::steps() const {
  SplitSteps steps;
  for (const std::string_view pattern : patterns) {
    auto step = split_by_regex(pattern, SplitBehavior::Isolated);
    if (!step) return base::forward(step);
    steps.push_back(std::move(*step));
  }
  return PreTokenizer(std::move(steps));
}

base::Result<Cuts> find_cuts(std::string_view name) {
  if (name == "code") return Cuts{"code", {kLineEndPattern, kCodePattern}};
  if (name == "gpt2") return Cuts{"gpt2", {kGpt2Pattern}};
  if (name == "starcoder") return Cuts{"starcoder", {kDigit, kGpt2Pattern}};
  return base::fail(base::ErrorCode::InvalidInput, "'{}': expected code, gpt2 or starcoder", name);
}

std::string hf_json_of(const TrainedBpe& trained, const Cuts& cuts) {
  using base::Json;
  Json added = Json::array(), vocab = Json::object(), merges = Json::array(), steps = Json::array();
  for (std::size_t i = 0; i < trained.special.size(); ++i) {
    added.push_back({{"id", i}, {"content", trained.special[i]}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", false}, {"special", true}});
    vocab[trained.special[i]] = i;
  }
  for (std::size_t i = 0; i < trained.tokens.size(); ++i) vocab[to_printable(trained.tokens[i])] = trained.special.size() + i;
  for (const auto& [left, right] : trained.merges) merges.push_back({spelled(trained, left), spelled(trained, right)});
  for (const std::string_view pattern : cuts.patterns)
    steps.push_back({{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  const Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
  steps.push_back(byte_level);
  const Json model = {{"type", "BPE"}, {"dropout", nullptr}, {"unk_token", nullptr}, {"continuing_subword_prefix", nullptr}, {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false}, {"byte_fallback", false}, {"ignore_merges", false}, {"vocab", std::move(vocab)}, {"merges", std::move(merges)}};
  return base::dump_json({{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"added_tokens", std::move(added)}, {"normalizer", nullptr},
                          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}}}, {"post_processor", nullptr}, {"decoder", byte_level},
                          {"model", model}});
}

}  // namespace tokenizer

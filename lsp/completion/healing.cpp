#include "lsp/completion/healing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lsp {
namespace {

constexpr std::size_t kMostTokens = 4, kMostBytes = 32;

bool starts_character(std::string_view bytes) { return !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0xC0) != 0x80; }

}  // namespace

std::string cut_back(std::vector<tokenizer::TokenId>& ids, std::size_t keep, std::string_view text,
                     const tokenizer::Tokenizer& tokenizer, const VocabularyIndex& index) {
  std::size_t tail = 0, best_tail = 0, best_tokens = 0;
  for (std::size_t tokens = 1; tokens <= kMostTokens && keep + tokens <= ids.size(); ++tokens) {
    const std::string_view bytes = tokenizer.bytes(ids[ids.size() - tokens]);
    const std::string_view before = text.substr(0, text.size() - tail);
    // A normalizer may have changed the text: then its bytes cannot be owed.
    if (bytes.empty() || !before.ends_with(bytes) || tail + bytes.size() > kMostBytes) break;
    tail += bytes.size();
    const std::string_view removed = text.substr(text.size() - tail);
    if (!starts_character(removed) || !index.extends(removed)) continue;
    best_tail = tail;
    best_tokens = tokens;
  }
  ids.resize(ids.size() - best_tokens);
  return std::string(text.substr(text.size() - best_tail));
}

void ByteConstraint::steer(std::span<const tokenizer::TokenId> so_far, std::span<float> logits) {
  std::size_t paid = 0;
  for (const tokenizer::TokenId id : so_far) {
    if (paid >= owed_.size()) break;
    paid += tokenizer_.bytes(id).size();
  }
  if (paid >= owed_.size()) return;
  fitting_.clear();
  index_.tokens_for(std::string_view(owed_).substr(paid), fitting_);
  kept_.clear();
  for (const auto id : fitting_) kept_.push_back(std::size_t(id) < logits.size() ? logits[std::size_t(id)] : 0);
  if (fitting_.empty()) return;  // a vocabulary without byte tokens: better unconstrained than nothing
  std::fill(logits.begin(), logits.end(), -std::numeric_limits<float>::infinity());
  const std::string_view left = std::string_view(owed_).substr(paid);
  for (std::size_t i = 0; i < fitting_.size(); ++i)
    if (std::size_t(fitting_[i]) < logits.size()) logits[std::size_t(fitting_[i])] = kept_[i] + chance_of_rest(left, tokenizer_.bytes(fitting_[i]));
}

// A token that pays a part only must be followed by one that fits what is left: about as likely as such tokens are in the vocabulary.
// Without that " c" for " ctx" would be as good as in front of anything.
float ByteConstraint::chance_of_rest(std::string_view left, std::string_view token) {
  if (token.size() >= left.size()) return 0;
  going_on_.clear();
  index_.tokens_for(left.substr(token.size()), going_on_);
  return std::log(float(going_on_.size() + 1) / float(index_.size() + 1));
}

}  // namespace lsp

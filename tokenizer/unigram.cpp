#include "tokenizer/unigram.h"

#include <algorithm>

#include "base/utf8.h"

namespace tokenizer {
namespace {

constexpr double kUnknownPenalty = 10;

}  // namespace

void UnigramModel::finish(const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenKind kind = vocabulary.kind(id);
    if (kind == TokenKind::Normal || kind == TokenKind::UserDefined) trie.add(vocabulary.content(id), id);
  }
  trie.build();
  const auto lowest = std::ranges::min_element(scores);
  unknown_score = (lowest == scores.end() ? 0 : *lowest) - kUnknownPenalty;
}

const std::vector<UnigramWords::Part>& UnigramWords::cut(std::string_view word) {
  nodes_.assign(word.size() + 1, {});
  for (std::size_t at = 0; at < word.size();) {
    const double here = nodes_[at].score;
    const std::size_t character = base::decode_at(word, at).length;
    const auto offer = [&](std::size_t length, TokenId id, double score) {
      Node& node = nodes_[at + length];
      if (node.begin == kNone || score > node.score) node = {score, at, id};
    };
    bool known = false;
    model_.trie.walk(word.substr(at), [&](std::size_t length, TokenId id) {
      offer(length, id, model_.scores[static_cast<std::size_t>(id)] + here);
      known = known || length == character;
    });
    if (!known) offer(character, -1, model_.unknown_score + here);
    at += character;
  }
  parts_.clear();
  for (std::size_t end = word.size(); end > 0;) {
    const Node& node = nodes_[end];
    if (node.id < 0 && !parts_.empty() && parts_.back().id < 0)
      parts_.back().text = word.substr(node.begin, parts_.back().text.size() + end - node.begin);
    else
      parts_.push_back({word.substr(node.begin, end - node.begin), node.id});
    end = node.begin;
  }
  std::ranges::reverse(parts_);
  return parts_;
}

}  // namespace tokenizer

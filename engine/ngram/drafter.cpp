#include "engine/ngram/drafter.h"

#include <algorithm>
#include <bit>

namespace engine {
namespace {

constexpr std::uint32_t kLongest = 32;                             // a longer match says no more
constexpr LookUpLimits kLimits{.longest = kLongest, .samples = 16};  // what is most frequent shows in few

struct Match {
  std::uint32_t length = 0;
  std::size_t end = 0;  // in `pool`: what follows the match
};

// The longest run that ends like `text` and that something follows; of equals the last one.
Match longest_match(std::span<const TokenId> pool, std::span<const TokenId> text) {
  Match best;
  if (text.empty()) return best;
  for (std::size_t end = pool.size(); end-- > 1;) {
    if (pool[end - 1] != text.back()) continue;
    const std::size_t most = std::min({std::size_t(kLongest), end, text.size()});
    std::size_t length = 1;
    while (length < most && pool[end - 1 - length] == text[text.size() - 1 - length]) ++length;
    if (length > best.length) best = {std::uint32_t(length), end};
    if (best.length == kLongest) break;
  }
  return best;
}

// What followed most often, with how it was found; length 0 where nothing is known or a document ended there.
struct Likeliest {
  DraftSource source;
  TokenId token = 0;
};
Likeliest likeliest(const NgramIndex& workspace, std::span<const TokenId> text, std::int64_t vocab_size) {
  const LookUp found = workspace.look_up(text, kLimits);
  if (found.continuations.empty()) return {};
  const Continuation& first = found.continuations.front();
  if (first.length == 0 || std::int64_t(first.token) >= vocab_size) return {};
  const bool disputed = found.continuations.size() > 1 && found.continuations[1].length == first.length;
  return {{disputed ? DraftSource::Kind::Disputed : DraftSource::Kind::Workspace, first.length}, first.token};
}

}  // namespace

DraftSource DraftSource::of_model(double probability) {
  constexpr double kAbove[] = {0.4, 0.6, 0.8, 0.95};
  return {Kind::Model, std::uint32_t(1 + std::count_if(std::begin(kAbove), std::end(kAbove), [&](double least) { return least <= probability; }))};
}

std::size_t DraftSource::bucket() const {
  if (kind == Kind::Model) return std::size_t(kind) * kLengths + std::min<std::size_t>(length, kLengths - 1);
  // 1, 2, 3-4, 5-8, 9-16, more
  const std::size_t by_length = length == 0 ? 0 : std::min(kLengths - 1, std::size_t(std::bit_width(length - 1)));
  return std::size_t(kind) * kLengths + by_length;
}

Drafter::Drafter(std::span<const TokenId> prompt, std::span<const TokenId> text, std::shared_ptr<const NgramIndex> workspace, std::int64_t vocab_size)
    : workspace_(std::move(workspace)), vocab_size_(vocab_size) {
  if (!text.empty()) prompt_.assign(prompt.begin(), prompt.end());
  const std::span<const TokenId> before = text.empty() ? prompt : text;
  text_.assign(before.begin(), before.end());
}

Drafter::Found Drafter::in_prompt() const {
  const Match own = longest_match(text_, text_), other = longest_match(prompt_, text_);
  const bool in_text = own.length >= other.length;
  const Match& best = in_text ? own : other;
  if (best.length == 0) return {};
  return {{DraftSource::Kind::Prompt, best.length}, std::span<const TokenId>(in_text ? text_ : prompt_).subspan(best.end)};
}

DraftSource Drafter::in_workspace() { return workspace_ ? likeliest(*workspace_, text_, vocab_size_).source : DraftSource{}; }

void Drafter::draft(const Found& found, std::size_t most, Draft& out) const {
  out.source = found.source;
  // Where the match reaches the text's end it goes on with itself: what repeats is drafted for as long as is wanted.
  out.ids.clear();
  for (std::size_t i = 0; i < most; ++i) {
    if (i < found.follows.size()) out.ids.push_back(found.follows[i]);
    else if (!found.follows.empty() && found.follows.data() + found.follows.size() == text_.data() + text_.size()) out.ids.push_back(out.ids[i - found.follows.size()]);
    else return;
  }
}

void Drafter::draft_from_workspace(DraftSource source, std::size_t most, Draft& out) {
  out.source = source;
  out.ids.clear();
  const std::size_t written = text_.size();
  while (out.ids.size() < most) {
    const Likeliest next = likeliest(*workspace_, text_, vocab_size_);
    if (next.source.length == 0) break;
    out.ids.push_back(next.token);
    text_.push_back(next.token);
  }
  text_.resize(written);
}

}  // namespace engine

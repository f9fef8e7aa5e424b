#include "tokenizer/train/bpe_trainer.h"

#include <algorithm>
#include <array>
#include <queue>
#include <span>
#include <unordered_map>

#include "tokenizer/byte_level.h"

namespace tokenizer {
namespace {

using Pair = std::pair<TokenId, TokenId>;

struct PairHash {
  std::size_t operator()(Pair pair) const {
    const std::uint64_t key = (std::uint64_t(std::uint32_t(pair.first)) << 32) | std::uint32_t(pair.second);
    return std::size_t((key ^ (key >> 29)) * 0x9E3779B97F4A7C15ull);
  }
};

// Bytes by the code point of their spelling: the order in which the reference numbers its alphabet.
std::array<unsigned char, 256> alphabet() {
  std::array<unsigned char, 256> bytes;
  for (int i = 0; i < 256; ++i) bytes[std::size_t(i)] = static_cast<unsigned char>(i);
  std::ranges::sort(bytes, {}, [](unsigned char byte) { return to_printable(byte); });  // UTF-8 sorts as code points do
  return bytes;
}

// Words as symbols, one after the other; a merge shortens a word in place.
class Corpus {
 public:
  Corpus(const WordCounts& counts, TokenId first_byte) {
    std::array<TokenId, 256> id_of;
    const auto bytes = alphabet();
    for (std::size_t i = 0; i < 256; ++i) id_of[bytes[i]] = first_byte + TokenId(i);
    std::size_t total = 0;
    for (const WordCounts::Word& word : counts.words()) total += word.bytes.size();
    symbols_.reserve(total);
    words_.reserve(counts.words().size());
    for (const WordCounts::Word& word : counts.words()) {
      words_.push_back({symbols_.size(), std::uint32_t(word.bytes.size()), std::int64_t(word.count)});
      for (const char byte : word.bytes) symbols_.push_back(id_of[static_cast<unsigned char>(byte)]);
    }
  }

  std::size_t size() const { return words_.size(); }
  std::int64_t count(std::uint32_t word) const { return words_[word].count; }
  std::span<const TokenId> symbols(std::uint32_t word) const { return {symbols_.data() + words_[word].begin, words_[word].length}; }

  // Joins the pair wherever it stands, from the left; tells each pair of neighbours that comes (+1) or goes (-1).
  template <class Change>
  void merge(std::uint32_t word, Pair pair, TokenId merged, Change change) {
    TokenId* const s = symbols_.data() + words_[word].begin;
    const std::uint32_t length = words_[word].length;
    std::uint32_t out = 0;
    for (std::uint32_t in = 0; in < length; ++in) {
      if (in + 1 < length && s[in] == pair.first && s[in + 1] == pair.second) {
        if (out > 0) change(Pair{s[out - 1], pair.first}, -1), change(Pair{s[out - 1], merged}, 1);
        if (in + 2 < length) change(Pair{pair.second, s[in + 2]}, -1), change(Pair{merged, s[in + 2]}, 1);
        s[out++] = merged;
        ++in;
      } else {
        s[out++] = s[in];
      }
    }
    words_[word].length = out;
  }

 private:
  struct Word {
    std::size_t begin;
    std::uint32_t length;
    std::int64_t count;
  };
  std::vector<Word> words_;
  std::vector<TokenId> symbols_;
};

// A pair that was seen to come up in some words; its count may be out of date once it comes to the top.
struct Candidate {
  std::int64_t count;
  Pair pair;
  std::size_t places;  // which list of words
  bool operator<(const Candidate& other) const { return count != other.count ? count < other.count : other.pair < pair; }
};

class Trainer {
 public:
  Trainer(const WordCounts& words, const BpeTraining& options) : options_(options), corpus_(words, TokenId(options.special.size())) {
    out_.special = options.special;
    for (const unsigned char byte : alphabet()) out_.tokens.emplace_back(1, char(byte));
    for (std::size_t i = 0; i < out_.tokens.size(); ++i) ids_.emplace(out_.tokens[i], id_at(i));
  }

  base::Result<TrainedBpe> run(const std::function<void(double)>& progress, std::stop_token stop) {
    count_pairs();
    const std::size_t wanted = options_.vocab_size - options_.special.size(), bytes = out_.tokens.size();
    while (out_.tokens.size() < wanted && !queue_.empty()) {
      Candidate top = queue_.top();
      queue_.pop();
      const std::int64_t now = counts_[top.pair];
      if (top.count != now) {
        top.count = now;
        if (now > 0) queue_.push(top);
        continue;
      }
      if (std::uint64_t(top.count) < std::max<std::uint64_t>(1, options_.min_frequency)) break;
      merge(top);
      if (out_.tokens.size() % 64 != 0) continue;
      if (stop.stop_requested()) return base::cancelled();
      if (progress) progress(double(out_.tokens.size() - bytes) / double(wanted - bytes));
    }
    drop_repeats();
    return std::move(out_);
  }

 private:
  TokenId id_at(std::size_t token) const { return TokenId(options_.special.size() + token); }
  const std::string& bytes_of(TokenId id) const { return out_.tokens[std::size_t(id) - options_.special.size()]; }

  void saw(Pair pair, std::int64_t change, std::uint32_t word) {
    counts_[pair] += change;
    if (change <= 0) return;
    const auto [found, is_new] = fresh_.try_emplace(pair, places_.size());
    if (is_new) {
      if (spare_.empty()) places_.emplace_back();
      else found->second = spare_.back(), spare_.pop_back();
    }
    std::vector<std::uint32_t>& words = places_[found->second];
    if (words.empty() || words.back() != word) words.push_back(word);  // words come in order
  }

  void queue_fresh() {
    for (const auto& [pair, places] : fresh_)
      if (const std::int64_t count = counts_[pair]; count > 0) queue_.push({count, pair, places});
      else free(places);
    fresh_.clear();
  }

  void free(std::size_t places) { places_[places] = {}, spare_.push_back(places); }

  void count_pairs() {
    for (std::uint32_t word = 0; word < corpus_.size(); ++word) {
      const auto symbols = corpus_.symbols(word);
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) saw({symbols[i], symbols[i + 1]}, corpus_.count(word), word);
    }
    queue_fresh();
  }

  void merge(const Candidate& top) {
    const std::string joined = bytes_of(top.pair.first) + bytes_of(top.pair.second);
    const auto [known, is_new] = ids_.try_emplace(joined, id_at(out_.tokens.size()));  // "ab"+"c" may be "a"+"bc"
    if (is_new) out_.tokens.push_back(joined);
    out_.merges.push_back(top.pair);
    const std::vector<std::uint32_t> words = std::move(places_[top.places]);
    free(top.places);
    for (const std::uint32_t word : words)
      corpus_.merge(word, top.pair, known->second, [&](Pair pair, int change) { saw(pair, change * corpus_.count(word), word); });
    queue_fresh();
  }

  // A pair may come up twice, from lists of words that two tokens of equal bytes made; its last place counts.
  void drop_repeats() {
    std::unordered_map<Pair, std::size_t, PairHash> last;
    for (std::size_t i = 0; i < out_.merges.size(); ++i) last[out_.merges[i]] = i;
    std::size_t i = 0;
    std::erase_if(out_.merges, [&](const Pair& pair) { return last[pair] != i++; });
  }

  const BpeTraining& options_;
  Corpus corpus_;
  TrainedBpe out_;
  std::unordered_map<std::string, TokenId> ids_;
  std::unordered_map<Pair, std::int64_t, PairHash> counts_;
  std::unordered_map<Pair, std::size_t, PairHash> fresh_;  // pairs that came up since the last merge -> their list in places_
  std::vector<std::vector<std::uint32_t>> places_;
  std::vector<std::size_t> spare_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace

base::Result<TrainedBpe> train_bpe(const WordCounts& words, const BpeTraining& options, const std::function<void(double)>& progress,
                                   std::stop_token stop) {
  const std::size_t least = options.special.size() + 256;
  if (options.vocab_size < least)
    return base::fail(base::ErrorCode::InvalidInput, "a vocabulary of {}: expected at least {}, for 256 bytes and {} special tokens", options.vocab_size, least,
                      options.special.size());
  return Trainer(words, options).run(progress, stop);
}

}  // namespace tokenizer

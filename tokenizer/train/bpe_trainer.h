// bpe_trainer.h: learns byte-level BPE merges from counted words (Sennrich et al. 2016, arXiv 1508.07909; Radford et al. 2019).
// train_bpe(words, options) gives the tokens, special ones first, then the 256 bytes, then one for each merge, in order.
// Equal to the trainer of Hugging Face's `tokenizers` with ByteLevel's alphabet: the commonest pair first, of equals the one
// with the lower ids. Pure; the order of the words does not matter.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/train/word_counts.h"

namespace tokenizer {

struct BpeTraining {
  std::size_t vocab_size = 8192;     // in all: special tokens, bytes and merges
  std::uint64_t min_frequency = 2;   // a pair that stands less often is not merged
  std::vector<std::string> special;  // ids 0, 1, ...
};

struct TrainedBpe {
  std::vector<std::string> special;  // ids 0, 1, ...
  std::vector<std::string> tokens;   // the bytes of the ids behind them: the 256 bytes in the order of their spelling, then merges
  std::vector<std::pair<TokenId, TokenId>> merges;
};

// `progress` is told a fraction, on the calling thread.
base::Result<TrainedBpe> train_bpe(const WordCounts& words, const BpeTraining& options, const std::function<void(double)>& progress,
                                   std::stop_token stop);

}  // namespace tokenizer

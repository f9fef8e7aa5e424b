// spm_merges.h: SentencePiece's BPE told as merges: of two neighbours whose join is a token, the best score goes first.
// add_spm_merges() fills a BpeModel from a vocabulary and its scores, at load.
// Pure but for the model it fills. Source: Kudo and Richardson 2018, arXiv 1808.06226.
#pragma once

#include <vector>

#include "tokenizer/bpe_model.h"

namespace tokenizer {

// `scores` has one number an id. Tokens of equal score are equals: the leftmost pair wins.
void add_spm_merges(const Vocabulary& vocabulary, const std::vector<double>& scores, BpeModel& model);

}  // namespace tokenizer

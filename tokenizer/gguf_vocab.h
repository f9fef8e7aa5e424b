// gguf_vocab.h: the tokenizer a GGUF file carries in its metadata (tokenizer.ggml.*).
// read_gguf_vocab() takes an open Gguf; model "gpt2" is byte-level BPE, "llama" is SentencePiece's BPE by scores.
// Errors name the key. The tokenizer keeps nothing of the file.
#pragma once

#include <memory>

#include "base/formats/gguf.h"
#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

base::Result<std::unique_ptr<Tokenizer>> read_gguf_vocab(const base::Gguf& gguf);

}  // namespace tokenizer

// similar_code.h: code of other files that the model is shown before the document's own: the chunks of the workspace that share its rarest
// identifiers, as `engine/ngram/similar.h` ranks them.
// terms_near() names the identifiers around a cursor; choose_similar() gives excerpts of whole lines, at most `most_tokens` of them. Those
// that were shown before and are still among the similar ones stay, in their order and in front, so that a prompt goes on beginning as
// it did and the engine's keys and values stay good.
// Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ngram/similar.h"
#include "lsp/index/document_key.h"
#include "tokenizer/tokenizer.h"

namespace lsp {

struct Excerpt {
  engine::DocumentKey key = 0;
  std::uint32_t begin = 0;  // tokens into its document
  std::string path, text;   // whole lines
  std::size_t tokens = 0;
};

// Identifiers of the lines around the cursor, the nearest first, each once.
std::vector<std::string_view> terms_near(std::string_view text, std::size_t cursor);

std::vector<Excerpt> choose_similar(const engine::NgramIndex& index, const DocumentPaths& paths, std::span<const std::string_view> terms,
                                    const tokenizer::Tokenizer& tokenizer, std::size_t most_tokens, std::span<const Excerpt> shown = {});

}  // namespace lsp

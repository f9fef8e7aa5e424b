// force.h: keeps generation to tokens that spell a given text first: token healing from the live logits.
// Give steer_to() as GenerateRequest::steer; once the text is spelled out it changes nothing. Engine thread.
// Cf. Dagan et al. 2024, arXiv 2402.01035, and guidance's token healing.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "tokenizer/tokenizer.h"

namespace lsp {

std::function<void(std::span<const tokenizer::TokenId>, std::span<float>)> steer_to(const tokenizer::Tokenizer& tokenizer, std::string forced);

}  // namespace lsp

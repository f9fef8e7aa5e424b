// ids.h: token ids as people write them: 1,2,3 or 1 2 3, or the JSON that `tokens --json` prints.
// parse_ids() for options and input; join_ids() for output. Errors name what was found instead of a number.
// Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace app {

// `what` names the source in errors: "--ids", a file. At least one id.
base::Result<std::vector<tokenizer::TokenId>> parse_ids(std::string_view text, std::string_view what);

std::string join_ids(std::span<const tokenizer::TokenId> ids);  // "1 2 3"

// A prompt as a model wants it: its first token put first where its vocabulary says so.
std::vector<tokenizer::TokenId> encode_document(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                                                bool parse_special);

}  // namespace app

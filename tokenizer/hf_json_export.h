// hf_json_export.h: a Hugging Face folder's vocabulary as GGUF spells it: for writers of GGUF files.
// export_hf_vocabulary(folder, size) reads tokenizer.json, or tokenizer.model where that is all there is; ids that name no token up
// to `size` become unused ones.
// Unsupported, saying what, where GGUF has no name for how the text is cut into words.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "tokenizer/gguf_keys.h"

namespace tokenizer {

// The same of tokenizer.json's text, which `loaded` was made from; `file` is for errors.
base::Result<GgufVocabulary> export_hf_json(std::string_view text, const std::string& file, const Tokenizer& loaded, std::int64_t size);
base::Result<GgufVocabulary> export_hf_vocabulary(const std::filesystem::path& folder, std::int64_t size);

}  // namespace tokenizer

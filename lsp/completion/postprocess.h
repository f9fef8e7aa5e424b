// postprocess.h: the model's text made ready to insert: cut, trimmed, in the file's line ends, over the right bytes.
// postprocess() applies the steps of post/ in order; a refusal says why. Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace lsp {

struct Edit {
  std::size_t begin = 0, end = 0;  // bytes of the document, on the cursor's line
  std::string text;
};

std::expected<Edit, std::string_view> postprocess(std::string text, std::string_view document, std::size_t cursor);

}  // namespace lsp

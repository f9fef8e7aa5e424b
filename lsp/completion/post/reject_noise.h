// reject_noise.h: suggestions that help nobody: nothing, pure repetition, the line above once more.
#pragma once

#include <optional>
#include <string_view>

namespace lsp {

// Why the text should not be shown; nullopt where it may. `typed` is the cursor's line up to the cursor.
std::optional<std::string_view> noise_in(std::string_view text, std::string_view typed, std::string_view line_above);

// Whether the end of the text is one short piece again and again: the period by the prefix function (Knuth, Morris, Pratt).
bool repeats_itself(std::string_view text);

}  // namespace lsp

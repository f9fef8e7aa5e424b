// base64.h: bytes in base64 (RFC 4648, section 4), as JSON files carry them.
// decode_base64(text): nullopt for anything that is not whole groups of four with their padding.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

std::optional<std::string> decode_base64(std::string_view text);

}  // namespace base

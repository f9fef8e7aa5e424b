#include "lsp/index/document_key.h"

#include <string>

namespace lsp {
namespace {

engine::DocumentKey fnv(std::string_view text) {
  engine::DocumentKey hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += char(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<std::filesystem::path> path_of_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "file://";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  const std::size_t slash = uri.find('/');  // a host may stand before it
  if (slash == std::string_view::npos) return std::nullopt;
  return std::filesystem::path(percent_decoded(uri.substr(slash)));
}

engine::DocumentKey key_of_path(const std::filesystem::path& path) { return fnv(path.lexically_normal().generic_string()); }

engine::DocumentKey key_of_uri(std::string_view uri) {
  const auto path = path_of_uri(uri);
  return path ? key_of_path(*path) : fnv(uri);
}

}  // namespace lsp

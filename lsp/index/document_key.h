// document_key.h: the name under which the index keeps a document: a number made of its path, or of its URI where it is no file.
// key_of_uri() and key_of_path() agree about the same file however the editor spells its URI.
// Pure. 64 bits of FNV-1a: two files of a million share one with a chance of 1 in 40 million.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/ngram/segment.h"

namespace lsp {

// Each document's path, as from its workspace's root.
using DocumentPaths = std::unordered_map<engine::DocumentKey, std::string>;

std::optional<std::filesystem::path> path_of_uri(std::string_view uri);  // nullopt: not a file
engine::DocumentKey key_of_path(const std::filesystem::path& path);       // absolute
engine::DocumentKey key_of_uri(std::string_view uri);

}  // namespace lsp

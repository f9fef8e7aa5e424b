// file_choice.h: which files the index learns from: source code that people wrote and that holds no secret.
// name_refused() before a file is read, text_refused() after; both give the reason, empty where there is none.
// Pure. Rather leaves out one file too many: a secret in a suggestion is worse than a suggestion less.
#pragma once

#include <cstdint>
#include <string_view>

namespace lsp {

constexpr std::uintmax_t kMostFileBytes = 1'000'000;

bool folder_refused(std::string_view name);  // .git, node_modules and the like: not even looked into

// `path` with '/' between folders.
std::string_view name_refused(std::string_view path, std::uintmax_t bytes);
std::string_view text_refused(std::string_view text);

}  // namespace lsp

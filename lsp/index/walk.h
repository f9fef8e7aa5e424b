// walk.h: the files of a folder that the index learns from, as git would list them: .gitignore respected, links not followed.
// walk() the whole of it; is_wanted() asks about one path. Reads names and .gitignore files only; file_choice.h has the other rules.
// Any thread. Folders that cannot be read are left out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace lsp {

struct FileFound {
  std::string path;  // relative to the root, '/' between folders
  std::uintmax_t bytes = 0;
  std::int64_t modified_ns = 0;
};

// In order of the names, a folder's files before its folders.
void walk(const std::filesystem::path& root, const std::function<void(const FileFound&)>& found, std::stop_token stop = {});

// Whether walk() would find the path; the file need not be there.
bool is_wanted(const std::filesystem::path& root, const std::string& path, std::uintmax_t bytes);

}  // namespace lsp

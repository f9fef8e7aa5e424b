#include "app/evaluate/language.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace app {
namespace {

constexpr std::pair<std::string_view, std::string_view> kLanguages[] = {{".py", "python"},
{".cc", "cpp"},
{".cpp", "cpp"},
{".cxx", "cpp"},
{".hpp", "cpp"},
{".h", "cpp"},
{".rs", "rust"},
{".js", "javascript"},
{".ts", "typescript"},
{".go", "go"},
{".java", "java"},
{".c", "c"},
{".rb", "ruby"},
{".sh", "shellscript"},
{".md", "markdown"},
{".lua", "lua"},
{".el", "lisp"},
{".kt", "kotlin"},
{".cs", "csharp"},
{".tsx", "typescriptreact"},
{".jsx", "javascriptreact"},
{".yml", "yaml"}};

// Languages in which a hole is cut beside those above.
constexpr std::string_view kMore[] = {"cpp", "swift", "scala", "php", "dart", "zig", "hs", "ml", "ex", "exs", "erl", "jl", "pl", "pm", "r", "cu", "m", "mm", "proto", "vue", "svelte", "sql", "cmake", "pyi"};

}  // namespace

// The names editors use, where they differ from the extension's own.
std::string language_of(const std::string& file) {
  const std::string extension = std::filesystem::path(file).extension().string();
  for (const auto& [known, language] : kLanguages)
    if (extension == known) return std::string(language);
  return extension.empty() ? std::string() : extension.substr(1);
}

bool is_code(const std::string& file) {
  const std::string extension = std::filesystem::path(file).extension().string();
  constexpr std::string_view kNoCode[] = {".md", ".yml"};
  if (std::ranges::find(kNoCode, extension) != std::end(kNoCode)) return false;
  for (const auto& [known, language] : kLanguages)
    if (extension == known) return true;
  return !extension.empty() && std::ranges::find(kMore, extension.substr(1)) != std::end(kMore);
}

}  // namespace app

#include "lsp/context/header.h"

#include <array>
#include <cctype>

namespace lsp {
namespace {

struct CommentStyle {
  std::string_view comment;
  std::string_view names;  // languages and endings, each between spaces
};

constexpr std::array<CommentStyle, 4> kStyles = {{
    {"#", " python py ruby rb shellscript sh bash perl pl r elixir ex yaml yml toml makefile dockerfile cmake julia jl powershell ps1 nix "},
    {"//", " c h cpp cc cxx hpp cuda-cpp cu java kt kotlin scala go rust rs js javascript javascriptreact jsx mjs ts typescript typescriptreact tsx "
           "swift csharp cs php dart zig objective-c objective-cpp groovy proto glsl hlsl wgsl "},
    {"--", " lua sql haskell hs ada elm vhdl "},
    {";", " lisp clojure clj scheme scm emacs-lisp el racket rkt asm "},
}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view style_of(std::string_view name) {
  if (name.empty() || name.find(' ') != std::string_view::npos) return {};
  const std::string key = " " + lower(name) + " ";
  for (const CommentStyle& style : kStyles)
    if (style.names.find(key) != std::string_view::npos) return style.comment;
  return {};
}

std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto hex = [&](std::size_t at) { return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])); };
    if (text[i] == '%' && hex(i + 1) && hex(i + 2)) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string file_name(std::string_view uri) {
  if (uri.starts_with("vscode-notebook-cell:")) uri = uri.substr(0, uri.find('#'));  // the cell's number follows
  const std::size_t cut = uri.find_last_of("/\\");
  return decode_percent(cut == std::string_view::npos ? uri : uri.substr(cut + 1));
}

}  // namespace

std::string_view line_comment(std::string_view uri, std::string_view language) {
  if (const auto style = style_of(language); !style.empty()) return style;
  const std::string name = file_name(uri);
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string_view() : style_of(std::string_view(name).substr(dot + 1));
}

std::string file_header(std::string_view uri, std::string_view language) {
  const std::string_view comment = line_comment(uri, language);
  const std::string name = file_name(uri);
  constexpr std::size_t kLongestName = 80;
  if (comment.empty() || name.empty() || name.size() > kLongestName) return {};
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20) return {};
  return std::string(comment) + " " + name + "\n";
}

}  // namespace lsp

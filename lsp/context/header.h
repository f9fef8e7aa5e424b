// header.h: one comment line that tells the model the file's name, and by it the language.
// Made from the document's URI and language; empty where the language has no line comment we know.
// Pure. The same for every keystroke, so it costs its tokens once.
#pragma once

#include <string>
#include <string_view>

namespace lsp {

// "# fib.py\n", "// engine.cpp\n". Only the file's own name: folders may be private and are long.
std::string file_header(std::string_view uri, std::string_view language);

// "#" for Python, "//" for C++; empty where unknown. By language, else by the name's ending.
std::string_view line_comment(std::string_view uri, std::string_view language);

}  // namespace lsp

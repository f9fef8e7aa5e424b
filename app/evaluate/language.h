// language.h: a file's language by its name, as editors call it.
// language_of() for the pipeline, is_code() for choosing where to measure.
// Pure.
#pragma once

#include <string>

namespace app {

// Where it is not known: the extension, or nothing.
std::string language_of(const std::string& file);
bool is_code(const std::string& file);

}  // namespace app

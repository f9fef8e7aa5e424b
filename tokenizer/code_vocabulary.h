// code_vocabulary.h: Rigpilot's own vocabulary for code, for where there is no model: byte-level BPE with 8,192 ids.
// code_vocabulary() reads it out of the program itself; models/copy/README.md says what it was trained on.
// A line's end and the next line's indentation are one piece, digits stand alone, identifiers are pieces with the blank before them.
#pragma once

#include <memory>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace tokenizer {

base::Result<std::unique_ptr<Tokenizer>> code_vocabulary();

}  // namespace tokenizer

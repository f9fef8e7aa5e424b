#include "tokenizer/code_vocabulary.h"

#include "tokenizer/hf_json.h"

// models/copy/tokenizer.json, put into the program by the assembler.
__asm__(
    ".section .rodata\n"
    ".global rigpilot_code_vocabulary, rigpilot_code_vocabulary_end\n"
    ".hidden rigpilot_code_vocabulary, rigpilot_code_vocabulary_end\n"
    "rigpilot_code_vocabulary:\n"
    ".incbin \"" RIGPILOT_CODE_VOCABULARY "\"\n"
    "rigpilot_code_vocabulary_end:\n"
    ".byte 0\n"
    ".previous\n");
extern "C" const char rigpilot_code_vocabulary[], rigpilot_code_vocabulary_end[];

namespace tokenizer {

base::Result<std::unique_ptr<Tokenizer>> code_vocabulary() {
  const std::string_view text(rigpilot_code_vocabulary, std::size_t(rigpilot_code_vocabulary_end - rigpilot_code_vocabulary));
  return read_hf_json({.tokenizer = text, .tokenizer_config = {}, .special_tokens = {}, .config = {}, .generation_config = {}, .folder = "the program's own "});
}

}  // namespace tokenizer

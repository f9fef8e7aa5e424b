#include "tokenizer/synthetic.h"

#include <fmt/format.h>

#include <unordered_set>

#include "tokenizer/byte_level.h"
#include "tokenizer/fim.h"

namespace tokenizer {
namespace {

// What code is made of; each becomes a token, and so does each of its beginnings.
constexpr std::string_view kWords[] = {
    "    ", "        ", "                ", "\n    ", "\n        ", "\n\n", " =", " ==", "()", "):", ");", "->", "::", "//", " return", " the", " self", " if",
    " not", " in", " for", " is", " None", " const", " int", " auto", " std", " to", " of", " and", " or", " def", " class", " import", " from", " else",
    " while", " with", " as", " true", " false", " True", " False", " void", " string", " size", " value", " name", " data", " file", " path", " result",
    " error", " list", " map", " key", " index", " count", " type", " new", " this", " that", " function", " struct", " public", " static", "return", "self",
    "import", "from", "class", "def", "for", "if", "else", "std", "string", "include", "namespace", "template", "tion", "ing", "er", "ed", "es", "able", "_t"};

// As a byte-level vocabulary spells it, one character a byte.
std::vector<std::string> characters(std::string_view word) {
  std::vector<std::string> out;
  for (const char byte : word) out.push_back(to_printable(static_cast<unsigned char>(byte)));
  return out;
}

}  // namespace

GgufVocabulary synthetic_vocabulary(std::int64_t size, std::string_view family) {
  std::vector<std::string_view> markers = {"<|endoftext|>", "<|fim_pad|>"};
  for (const std::string_view marker : fim_markers(family)) markers.push_back(marker);
  GgufVocabulary out;
  out.pre = "gpt-2";
  const std::size_t most = static_cast<std::size_t>(size) - markers.size();
  for (int byte = 0; byte < 256; ++byte) out.tokens.push_back(to_printable(static_cast<unsigned char>(byte)));
  std::unordered_set<std::string> known(out.tokens.begin(), out.tokens.end());
  for (const std::string_view word : kWords) {
    std::string begun;
    for (const std::string& next : characters(word)) {
      if (begun.empty()) begun = next;
      else if (known.contains(begun + next)) begun += next;
      else if (out.tokens.size() < most) {
        out.merges.push_back(begun + " " + next);
        begun += next;
        known.insert(begun);
        out.tokens.push_back(begun);
      }
    }
  }
  out.types.assign(out.tokens.size(), kNormalToken);
  while (out.tokens.size() < most) {
    out.tokens.push_back(fmt::format("[PAD{}]", out.tokens.size()));
    out.types.push_back(kUnusedToken);
  }
  out.bos = out.eos = static_cast<TokenId>(most);
  for (const std::string_view marker : markers) {
    out.tokens.emplace_back(marker);
    out.types.push_back(kControlToken);
  }
  out.adds_bos = false;
  return out;
}

}  // namespace tokenizer

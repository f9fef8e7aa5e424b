// fixtures.h: the small committed tokenizers (tests/fixtures/tokenizer) and ids as readable text.
// load("byte_bpe") gives a tokenizer or fails the test; spell(ids) is "1 2 3".
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <random>
#include <span>
#include <string>

#include "base/utf8.h"
#include "support/catch.h"
#include "tokenizer/load.h"

namespace tests {

inline std::filesystem::path fixture(std::string_view name) { return std::filesystem::path(RIGPILOT_FIXTURES) / "tokenizer" / name; }

inline std::unique_ptr<tokenizer::Tokenizer> load_fixture(std::string_view name) {
  auto loaded = tokenizer::load_tokenizer(fixture(name));
  if (!loaded) FAIL(loaded.error().message);
  return std::move(*loaded);
}

inline std::string spell(std::span<const tokenizer::TokenId> ids) { return fmt::format("{}", fmt::join(ids, " ")); }

// The fixtures that prove each kind of vocabulary.
inline constexpr std::string_view kFixtures[] = {"byte_bpe", "byte_bpe.gguf", "spm", "spm.gguf"};

// Random well-formed text: code, every plane of Unicode, white space of all kinds, control characters, emoji.
inline std::string random_text(std::mt19937& random, std::size_t characters) {
  static constexpr std::string_view kCommon = "    \n\n\t\r\nabcdefghijklmnopqrstuvwxyz(){};,._=+-*/<>|\"'0123456789ABCXYZ";
  static constexpr char32_t kSpecial[] = {0, 1, 0x7F, 0x85, 0xA0, 0x180E, 0x200D, 0x2028, 0x2581, 0x3000, 0xFEFF, 0xFFFD, 0xFFFF, 0x10FFFF};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) {
    const unsigned kind = random() % 8;
    char32_t c = static_cast<unsigned char>(kCommon[random() % kCommon.size()]);
    if (kind == 0) c = kSpecial[random() % std::size(kSpecial)];
    if (kind == 1) c = random() % 0x3000;
    if (kind == 2) c = 0x1F300 + random() % 0x700;
    if (kind == 3) c = random() % 0x110000;
    if (c >= 0xD800 && c < 0xE000) c = 'x';
    base::append_utf8(text, c);
  }
  return text;
}

}  // namespace tests

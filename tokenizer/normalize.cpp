#include "tokenizer/normalize.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/utf8.h"
#include "tokenizer/regex.h"
#include "tokenizer/unicode.h"

namespace tokenizer {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

utf8proc_option_t options_of(UnicodeForm form) {
  switch (form) {
    case UnicodeForm::Nfc: return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    case UnicodeForm::Nfd: return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
    case UnicodeForm::Nfkc: return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    case UnicodeForm::Nfkd: return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  }
  return UTF8PROC_STABLE;
}

// Rewrites a text one character at a time; `change` appends what stands for the character.
template <class Change>
std::string map_characters(std::string_view text, const Change& change) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const base::Utf8Char c = base::decode_at(text, i);
    change(out, c.code_point, text.substr(i, c.length));
    i += c.length;
  }
  return out;
}

// Steps that change no ASCII character need not see it, but for one before a mark that may join it.
template <class Change>
std::string map_non_ascii(const std::string& text, const Change& change) {
  const auto is_ascii = [&](std::size_t at) { return static_cast<unsigned char>(text[at]) < 0x80; };
  std::string out;
  out.reserve(text.size());
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (is_ascii(at)) {
      ++at;
      continue;
    }
    const std::size_t begin = at > done ? at - 1 : at;
    out.append(text, done, begin - done);
    while (at < text.size() && !is_ascii(at)) ++at;
    out += change(std::string_view(text).substr(begin, at - begin));
    done = at;
  }
  return out.append(text, done);
}

}  // namespace

std::string Normalizer::apply(std::string_view text, bool at_start) const {
  std::string out(text);
  for (const Step& step : steps_) out = step(std::move(out), at_start);
  return out;
}

Normalizer::Step unicode_form(UnicodeForm form) {
  const auto map = [options = options_of(form)](std::string_view text) {
    utf8proc_uint8_t* mapped = nullptr;
    const utf8proc_ssize_t length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                 static_cast<utf8proc_ssize_t>(text.size()), &mapped, options);
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
    if (length < 0) return std::string(text);
    return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
  };
  return [map](std::string text, bool) { return is_ascii(text) ? text : map_non_ascii(text, map); };
}

Normalizer::Step lowercase() {
  return [](std::string text, bool) {
    return map_characters(text, [](std::string& out, char32_t c, std::string_view) {
      if (c == 0x130) out.append("i\xCC\x87");  // the one character whose lower case is two
      else base::append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    });
  };
}

Normalizer::Step strip(bool left, bool right) {
  return [left, right](std::string text, bool) {
    std::size_t begin = 0, end = text.size();
    while (left && begin < end) {
      const base::Utf8Char c = base::decode_at(text, begin);
      if (!is_white_space(c.code_point)) break;
      begin += c.length;
    }
    while (right && end > begin) {
      const std::size_t before = base::previous_char(text, end);
      if (!is_white_space(base::decode_at(text, before).code_point)) break;
      end = before;
    }
    return text.substr(begin, end - begin);
  };
}

Normalizer::Step strip_accents() {
  return [](std::string text, bool) {
    return map_characters(text, [](std::string& out, char32_t c, std::string_view bytes) {
      const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
      if (category < UTF8PROC_CATEGORY_MN || category > UTF8PROC_CATEGORY_ME) out.append(bytes);
    });
  };
}

Normalizer::Step prepend(std::string prefix) {
  return [prefix = std::move(prefix)](std::string text, bool at_start) {
    if (!at_start || text.empty()) return text;
    std::string out = prefix;
    return out.append(text);
  };
}

Normalizer::Step replace_string(std::string from, std::string to) {
  return [from = std::move(from), to = std::move(to)](std::string text, bool) {
    if (from.empty()) return text;
    std::string out;
    std::size_t at = 0;
    for (std::size_t found; (found = text.find(from, at)) != std::string::npos; at = found + from.size())
      out.append(text, at, found - at).append(to);
    return out.append(text, at);
  };
}

base::Result<Normalizer::Step> replace_regex(std::string_view pattern, std::string to) {
  auto regex = Regex::compile(pattern);
  if (!regex) return base::forward(regex);
  return Normalizer::Step([regex = std::move(*regex), to = std::move(to)](std::string text, bool) {
    RegexScratch scratch;
    std::string out;
    std::size_t at = 0;
    Regex::Walk walk;
    for (Regex::Match match; !text.empty() && regex.next(text, walk, scratch, match); at = match.end)
      out.append(text, at, match.begin - at).append(to);
    return out.append(text, at);
  });
}

}  // namespace tokenizer

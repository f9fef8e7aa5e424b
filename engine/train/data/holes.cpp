#include "engine/train/data/holes.h"

#include <string>

namespace engine {
namespace {

std::size_t at_character(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

Hole hole_at(std::string_view text, std::size_t begin, std::size_t end) {
  begin = at_character(text, begin), end = std::max(begin, at_character(text, end));
  return {text.substr(0, begin), text.substr(begin, end - begin), text.substr(end)};
}

std::size_t line_start(std::string_view text, std::size_t at) {
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

std::size_t line_end(std::string_view text, std::size_t at) { return std::min(text.find('\n', at), text.size()); }

std::size_t indentation(std::string_view line) {
  const std::size_t width = line.find_first_not_of(" \t");
  return width == std::string_view::npos ? line.size() : width;
}

bool blank(std::string_view line) { return indentation(line) == line.size(); }

// Any characters; short middles as often as long ones.
Hole characters(std::string_view text, const HoleMix& mix, Random& random) {
  const std::size_t begin = random.below(text.size());
  return hole_at(text, begin, std::min(text.size(), begin + random.log_uniform(mix.most_bytes)));
}

// One line, mostly, or some; without the last one's end, where an answer must stop.
Hole lines(std::string_view text, const HoleMix& mix, Random& random) {
  const std::size_t begin = line_start(text, random.below(text.size()));
  std::size_t end = line_end(text, begin);
  while (random.chance(0.4) && end < text.size() && line_end(text, end + 1) - begin <= mix.most_bytes) end = line_end(text, end + 1);
  return hole_at(text, begin, std::min(end, begin + mix.most_bytes));
}

// The lines below one that opens a block, as far as they are indented deeper.
Hole block(std::string_view text, const HoleMix& mix, Random& random) {
  std::size_t opener = line_start(text, random.below(text.size()));
  for (int tries = 0; tries < 12; ++tries) {
    const std::string_view line = text.substr(opener, line_end(text, opener) - opener);
    if (!blank(line) && std::string_view("{:([").find(line.back()) != std::string_view::npos) {
      const std::size_t begin = opener + line.size();
      std::size_t end = begin;
      for (std::size_t at = begin; at < text.size();) {
        const std::size_t next = line_end(text, at + 1);
        const std::string_view inner = text.substr(at + 1, next - at - 1);
        if (next - begin > mix.most_bytes || (!blank(inner) && indentation(inner) <= indentation(line))) break;
        if (!blank(inner)) end = next;
        at = next;
      }
      if (end > begin) return hole_at(text, begin, end);
    }
    opener = std::min(line_end(text, opener) + 1, text.size());
    if (opener == text.size()) break;
  }
  return lines(text, mix, random);
}

Hole rest_of_line(std::string_view text, const HoleMix& mix, Random& random) {
  std::size_t begin = random.below(text.size());
  for (int tries = 0; tries < 8 && blank(text.substr(line_start(text, begin), line_end(text, begin) - line_start(text, begin))); ++tries)
    begin = random.below(text.size());
  return hole_at(text, begin, std::min(line_end(text, begin), begin + mix.most_bytes));
}

// What stands between a bracket and its other half; quotes are not looked at, so that a bracket in a text may mislead.
Hole brackets(std::string_view text, const HoleMix& mix, Random& random) {
  constexpr std::string_view kOpen = "([{", kClose = ")]}";
  for (int tries = 0; tries < 8; ++tries) {
    const std::size_t opener = text.find_first_of(kOpen, random.below(text.size()));
    if (opener == std::string_view::npos) continue;
    std::string wanted;
    for (std::size_t at = opener; at < std::min(text.size(), opener + mix.most_bytes); ++at) {
      if (const std::size_t kind = kOpen.find(text[at]); kind != std::string_view::npos) wanted += kClose[kind];
      else if (kClose.find(text[at]) != std::string_view::npos) {
        if (text[at] != wanted.back()) break;
        wanted.pop_back();
        if (wanted.empty() && at > opener + 1) return hole_at(text, opener + 1, at);
        if (wanted.empty()) break;
      }
    }
  }
  return rest_of_line(text, mix, random);
}

// From behind a line's indentation on, over further lines while brackets are open.
Hole statement(std::string_view text, const HoleMix& mix, Random& random) {
  std::size_t start = line_start(text, random.below(text.size()));
  for (int tries = 0; tries < 8 && blank(text.substr(start, line_end(text, start) - start)); ++tries) start = line_start(text, random.below(text.size()));
  const std::size_t begin = start + indentation(text.substr(start, line_end(text, start) - start));
  int open = 0;
  std::size_t at = begin;
  for (; at < std::min(text.size(), begin + mix.most_bytes); ++at) {
    if (std::string_view("([{").find(text[at]) != std::string_view::npos) ++open;
    if (std::string_view(")]}").find(text[at]) != std::string_view::npos) --open;
    if (text[at] == '\n' && open <= 0) break;
  }
  if (at == begin + mix.most_bytes) at = line_end(text, begin);  // a statement too long: its first line
  return hole_at(text, begin, std::min(at, begin + mix.most_bytes));
}

}  // namespace

Hole cut_hole(std::string_view text, const HoleMix& mix, Random& random) {
  if (text.empty()) return {};
  double drawn = random.uniform() * (mix.characters + mix.lines + mix.block + mix.rest_of_line + mix.brackets + mix.statement);
  if ((drawn -= mix.characters) < 0) return characters(text, mix, random);
  if ((drawn -= mix.lines) < 0) return lines(text, mix, random);
  if ((drawn -= mix.block) < 0) return block(text, mix, random);
  if ((drawn -= mix.brackets) < 0 && mix.brackets > 0) return brackets(text, mix, random);
  if ((drawn -= mix.statement) < 0 && mix.statement > 0) return statement(text, mix, random);
  return rest_of_line(text, mix, random);
}

}  // namespace engine

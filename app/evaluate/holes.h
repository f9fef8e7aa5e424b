// holes.h: holes cut into real code: places where a suggestion would have had to say what stands there.
// cut_holes() the same ones for the same files and seed. Each is a file with a piece taken out, and that piece.
// Pure apart from nothing: takes texts, gives places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace app {

enum class HoleKind {
  Middle,     // the rest of a line from a random character inside it
  LineStart,  // a whole line, behind its indentation
  AfterMark,  // the rest of a line behind . -> :: ( = ,
  Block,      // the body of a block of a few lines
};
constexpr HoleKind kHoleKinds[] = {HoleKind::Middle, HoleKind::LineStart, HoleKind::AfterMark, HoleKind::Block};
const char* hole_kind_name(HoleKind kind);

struct SourceFile {
  std::string path;      // relative to the folder
  std::string text;
  std::string language;
};

struct Hole {
  HoleKind kind = HoleKind::Middle;
  std::size_t file = 0;            // its number
  std::size_t begin = 0, end = 0;  // bytes that are taken out; the cursor stands at `begin`
};

// At most `most` in all: half of them Middle, a fifth LineStart, a fifth AfterMark, a tenth Block. Lines are drawn evenly from all
// files; no place twice.
std::vector<Hole> cut_holes(const std::vector<SourceFile>& files, std::uint64_t seed, std::size_t most);

// All of one kind.
std::vector<Hole> cut_holes_of(const std::vector<SourceFile>& files, HoleKind kind, std::uint64_t seed, std::size_t most);

}  // namespace app

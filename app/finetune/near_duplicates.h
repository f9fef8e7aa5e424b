// near_duplicates.h: texts that are nearly one of those seen before: copies, earlier versions, files made from one another.
// add() a text: false, and it is not kept, where it is like one that was added. Like: of their identifiers' sets at least 80 % are
// shared, of their multisets 70 % (Allamanis 2019, arXiv 1812.06469). Candidates by MinHash (Broder 1997). A value; one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace app {

class NearDuplicates {
 public:
  bool add(std::string_view text);
  bool like_one(std::string_view text) const;

 private:
  struct Name {
    std::uint64_t hash = 0;
    std::uint32_t count = 0;
  };
  using Names = std::vector<Name>;  // sorted

  static Names names_of(std::string_view text);
  static std::vector<std::uint64_t> bands_of(const Names& names);
  static bool alike(const Names& a, const Names& b);
  bool like_one(const Names& names, const std::vector<std::uint64_t>& bands) const;

  std::vector<Names> seen_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_band_;
};

}  // namespace app

// Any bytes as a segment of the index: a sentence, or a segment that can be asked and merged.
#include <cstdint>
#include <cstdlib>

#include "engine/ngram/index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  const auto segment = engine::Segment::of_file(base::MappedFile::of_bytes("fuzz.ngram", {bytes, bytes + size}));
  if (!segment) {
    if (segment.error().message.empty()) std::abort();
    return 0;
  }
  const engine::NgramIndex index = engine::NgramIndex({engine::IndexPart{*segment, nullptr, 1}}).without(2);
  for (const engine::TokenId id : {1, 2, 3, 4}) index.look_up(std::vector<engine::TokenId>{1, id, 2, 3, id});
  if (engine::merge(index.parts())->entries() > (*segment)->entries()) std::abort();
  return 0;
}

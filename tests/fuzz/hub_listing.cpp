// Any bytes as a hub's answer: a sentence, or files whose paths stay inside a folder and of which some are chosen.
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "app/hub/choose.h"
#include "app/hub/listing.h"

namespace {

void check(const base::Result<app::Listing>& listing, std::string_view text) {
  if (!listing) {
    if (listing.error().message.empty()) std::abort();
    return;
  }
  for (const app::RemoteFile& file : listing->files) {
    const std::filesystem::path path(file.path);
    if (path.empty() || path.is_absolute() || file.size < -1) std::abort();
    for (const std::filesystem::path& part : path)
      if (part == ".." || part == ".") std::abort();
  }
  for (const char* name : {"", "q4"}) {
    const app::Address asked{.owner = "o", .name = "m", .file = name};
    auto choice = app::choose_files(asked, *listing, 1 << 30);
    if (!choice) {
      if (choice.error().message.empty()) std::abort();
      continue;
    }
    if (choice->files.empty()) std::abort();
    if (choice->index) (void)app::add_shards(asked, *listing, text, *choice);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(app::parse_revision(text, "o/m"), text);
  check(app::parse_tree(text, "o/m"), text);
  return 0;
}

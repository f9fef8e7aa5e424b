// hf_cache.h: models that huggingface_hub has already fetched: read, never written.
// cached_snapshot() finds a repository's folder at a revision, cached_listing() says what it holds and cached_blob()
// where the bytes of a known checksum lie. Layout: huggingface_hub, "Understand caching": models--OWNER--NAME/{blobs,refs,snapshots}.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/hub/address.h"
#include "app/hub/listing.h"

namespace app {

struct CachedModel {
  std::string name;  // OWNER/NAME
  std::filesystem::path folder;
};

std::optional<std::filesystem::path> cached_snapshot(const std::filesystem::path& cache, const Address& asked);
Listing cached_listing(const std::filesystem::path& snapshot);
std::optional<std::filesystem::path> cached_blob(const std::filesystem::path& cache, const Address& asked, const RemoteFile& file);
std::vector<CachedModel> cached_models(const std::filesystem::path& cache);  // whole ones, at their main revision

}  // namespace app

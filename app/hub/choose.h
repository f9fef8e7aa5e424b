// choose.h: which of a repository's files a model needs.
// choose_files(): a folder model's configuration, vocabulary and safetensors; or one GGUF, by name or, of several, the
// four-bit one that everybody takes. Never pickles or other frameworks' weights. Pure; errors list what there is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/hub/address.h"
#include "app/hub/listing.h"

namespace app {

struct Choice {
  bool gguf = false;
  std::vector<RemoteFile> files;
  const RemoteFile* index = nullptr;  // into the listing: the shards it names are needed too (add_shards)
  std::string remark;                 // a sentence on what was chosen among several; may be empty
};

// `memory`: bytes this machine has, for choosing among several sizes.
base::Result<Choice> choose_files(const Address& asked, const Listing& listing, std::int64_t memory);

// The shards that the index (its text) names.
base::Result<void> add_shards(const Address& asked, const Listing& listing, std::string_view index_text, Choice& choice);

}  // namespace app

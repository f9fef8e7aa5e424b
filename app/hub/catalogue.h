// catalogue.h: asks the hub what a repository holds, and says in one sentence why it cannot be known.
// look_up() takes the hub's revision answer (with its commit), or its tree where that is what it offers. An unreachable
// hub is no error here: the caller may have the model already.
#pragma once

#include <optional>

#include "app/hub/fetch.h"
#include "app/hub/listing.h"

namespace app {

struct Catalogue {
  std::optional<Listing> listing;  // empty: the hub cannot be reached, `problem` says why
  std::string problem;
};
base::Result<Catalogue> look_up(Session& session);

// Where a file of the repository is, at the commit where that is known.
std::string resolve_url(const Session& session, const Listing& listing, const std::string& path);

}  // namespace app

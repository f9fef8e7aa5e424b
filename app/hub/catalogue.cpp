#include "app/hub/catalogue.h"

#include "base/utf8.h"

namespace app {
namespace {

using base::ErrorCode;

// Link: <https://...>; rel="next": the tree comes in pages.
std::string next_page(const Reply& reply) {
  const std::string link = reply.head.field("link");
  const auto open = link.find('<'), close = link.find('>');
  if (open != 0 || close == std::string::npos || link.find("rel=\"next\"", close) == std::string::npos) return {};
  const std::string url = link.substr(1, close - 1);
  return same_origin(url, reply.url) ? url : "";
}

std::string api_url(const Session& session, std::string_view kind, const std::string& revision) {
  return fmt::format("{}/api/models/{}/{}/{}", session.hub.endpoint, session.asked.repository(), kind,
                     revision.find('/') == std::string::npos ? escape_path(revision) : [&] {
                       std::string out;  // a slash inside the revision is no slash of the address
                       for (const char c : escape_path(revision)) out += c == '/' ? "%2F" : std::string(1, c);
                       return out;
                     }());
}

base::Result<Catalogue> read_tree(Session& session, const std::string& commit, Head& refusal) {
  Catalogue out;
  Listing all{.commit = commit, .files = {}, .complete = true};
  std::string url = api_url(session, "tree", commit.empty() ? session.asked.revision : commit) + "?recursive=1";
  for (int pages = 0; !url.empty() && pages < 1000; ++pages) {
    const auto reply = fetch(session, url);
    if (!reply) return base::forward(reply);
    if (reply->unreachable) return Catalogue{std::nullopt, reply->problem};
    if (reply->head.status != 200) {
      refusal = reply->head;
      return out;
    }
    const auto page = parse_tree(reply->body, fmt::format("{} (its list of files on {})", session.asked.repository(), session.hub.endpoint));
    if (!page) return base::forward(page);
    all.files.insert(all.files.end(), page->files.begin(), page->files.end());
    all.complete = all.complete && page->complete;
    if (const std::string sha = reply->head.field("x-repo-commit"); all.commit.empty() && sha.size() == 40 && plain_name(sha)) all.commit = sha;
    url = next_page(*reply);
  }
  out.listing = std::move(all);
  return out;
}

// 404 of a hub that does not say of what: the repository is asked for by itself.
base::Result<Catalogue> refused(Session& session, Head head) {
  if (head.status == 404 && head.field("x-error-code").empty()) {
    const auto reply = fetch(session, fmt::format("{}/api/models/{}", session.hub.endpoint, session.asked.repository()));
    if (!reply) return base::forward(reply);
    head.fields["x-error-code"] = reply->head.status == 200 ? "RevisionNotFound" : "RepoNotFound";
  }
  return std::unexpected(status_error(session, head, "repository"));
}

}  // namespace

base::Result<Catalogue> look_up(Session& session) {
  if (session.hub.offline) return Catalogue{std::nullopt, "HF_HUB_OFFLINE is set"};
  const auto reply = fetch(session, api_url(session, "revision", session.asked.revision) + "?blobs=true");
  if (!reply) return base::forward(reply);
  if (reply->unreachable) return Catalogue{std::nullopt, reply->problem};
  std::string commit;
  std::optional<Listing> siblings;
  const bool unsaid = reply->head.status == 404 && reply->head.field("x-error-code").empty();
  if (reply->head.status != 200 && !unsaid) return std::unexpected(status_error(session, reply->head, "repository"));
  if (reply->head.status == 200) {
    auto listing = parse_revision(reply->body, fmt::format("{} (its list of files on {})", session.asked.repository(), session.hub.endpoint));
    if (!listing) return base::forward(listing);
    if (listing->complete) return Catalogue{std::move(*listing), {}};
    commit = listing->commit;
    siblings = std::move(*listing);
  }
  Head refusal;
  auto tree = read_tree(session, commit, refusal);
  if (!tree || tree->listing || !tree->problem.empty()) return tree;
  if (siblings) return Catalogue{std::move(siblings), {}};
  return refused(session, refusal);
}

std::string resolve_url(const Session& session, const Listing& listing, const std::string& path) {
  return fmt::format("{}/{}/resolve/{}/{}", session.hub.endpoint, session.asked.repository(),
                     escape_path(listing.commit.empty() ? session.asked.revision : listing.commit), escape_path(path));
}

}  // namespace app

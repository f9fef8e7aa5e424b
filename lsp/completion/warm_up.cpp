#include "lsp/completion/warm_up.h"

#include <optional>

#include "lsp/completion/prompt.h"
#include "lsp/context/anchors.h"

namespace lsp {

base::Result<void> warm_up(const WarmUp& what, const Deps& deps, std::stop_token stop) {
  if (!deps.model.engine || !deps.model.tokenizer || stop.stop_requested()) return {};
  const Query& query = what.query;
  Anchors fresh;
  std::vector<tokenizer::TokenId> ids;
  std::optional<OtherFiles> others;
  if (deps.workspace && deps.paths) others.emplace(OtherFiles{*deps.workspace, *deps.paths, deps.anchors ? deps.anchors->others(query.document.uri) : nullptr});
  const OtherFiles* files = others ? &*others : nullptr;
  if (what.opened) {
    ids = opening_ids(query.document, deps.model, deps.settings, files, &fresh);
  } else {
    const Surroundings around = look_around(query.document.text(), query.cursor, query.document.language_id);
    auto prompt = build_prompt(query.document, around, deps.model, deps.settings, &fresh, files);
    if (!prompt) return base::forward(prompt);
    ids = std::move(prompt->ids);
  }
  if (ids.empty()) return {};
  auto done = deps.model.engine->generate({.prompt = std::move(ids), .max_tokens = 0}, {}, stop);
  if (!done) return base::forward(done, "warming up");
  if (deps.anchors && done->stop != engine::StopReason::Cancelled) deps.anchors->take(std::move(fresh));
  return {};
}

}  // namespace lsp

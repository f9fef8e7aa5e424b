#include "lsp/handlers/handlers.h"

namespace lsp {

void use_wanted_draft(Session& session) {
  if (session.model != ModelState::Ready || !session.options.use_draft) return;
  const std::string& wanted = session.settings.model.draft;
  if (wanted == session.draft_asked) return;
  session.draft_asked = wanted;
  session.services.engine.use_draft(wanted.empty() ? "none" : wanted, session.options.use_draft);
}

void on_draft_used(Session& session, const DraftUsed& used) {
  session.draft = used.model;
  if (used.outcome) {
    if (session.draft.empty()) session.services.log.info("{} works without a draft model", session.model_name);
    else session.services.log.info("{} drafts for {}", session.draft, session.model_name);
    return;
  }
  const auto text = fmt::format("Rigpilot goes on without this draft model: {}", used.outcome.error().message);
  session.services.log.warning("{}", text);
  // A model that verifies no drafts is no mistake: it was chosen for other reasons.
  if (used.outcome.error().code != base::ErrorCode::Unsupported) session.services.client.show(MessageKind::Warning, text);
}

}  // namespace lsp

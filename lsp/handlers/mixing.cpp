// How far model and workspace are believed beside each other, learned from the workspace's files while nobody asks for anything.
#include "lsp/handlers/handlers.h"

namespace lsp {
namespace {

constexpr std::chrono::milliseconds kIdle{1500};

bool idle(const Session& session) { return session.pending.empty() && session.background.empty() && session.at_work.empty(); }

bool may_learn(const Session& session) {
  return session.settings.completion.mix_workspace && session.model == ModelState::Ready && session.workspace && !session.workspace_busy && !session.mixing_learned;
}

}  // namespace

void learn_mixing_soon(Session& session) {
  if (!may_learn(session) || session.mixing_soon) return;
  session.mixing_soon = true;
  session.services.set_timer(kIdle, {Alarm::Mixing});
}

void learn_mixing(Session& session) {
  session.mixing_soon = false;
  if (!may_learn(session)) return;
  if (!idle(session)) return learn_mixing_soon(session);
  if (session.warm_up.stop_requested()) session.warm_up = std::stop_source();
  session.services.engine.learn_mixing({session.workspace, workspace_folders(session), session.warm_up.get_token()});
}

void on_mixing_learned(Session& session, const MixingLearned& learned) {
  if (!learned.done) return learn_mixing(session);
  session.mixing_learned = true;
  const std::string by = learned.noted ? "as it was found when its code was learned" : fmt::format("by {} tokens of its files", learned.samples);
  session.services.log.info("the workspace counts beside {} with the weights {:.2f} and {:.2f}, {}", session.model_name, learned.weights.bias, learned.weights.certainty, by);
}

}  // namespace lsp

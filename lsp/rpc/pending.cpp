#include "lsp/rpc/pending.h"

#include <algorithm>
#include <utility>

namespace lsp {

Pending::Key Pending::add(Responder respond, std::stop_source stop, std::string document, AnswerShape shape) {
  const Key key = new_key();
  entries_.emplace(key, Entry{std::move(respond), std::move(stop), std::move(document), shape, key});
  return key;
}

void Pending::add(Key key, Responder respond, std::stop_source stop, std::string document, AnswerShape shape) {
  entries_.emplace(key, Entry{std::move(respond), std::move(stop), std::move(document), shape, key});
}

std::optional<Pending::Entry> Pending::take(Key key) {
  auto node = entries_.extract(key);
  if (!node) return std::nullopt;
  return std::move(node.mapped());
}

std::optional<Pending::Entry> Pending::take(const Id& id) {
  const auto found = std::ranges::find_if(entries_, [&](const auto& entry) { return entry.second.respond.id() == id; });
  return found == entries_.end() ? std::nullopt : take(found->first);
}

std::vector<Pending::Entry> Pending::take_document(const std::string& document) {
  std::vector<Entry> taken;
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto here = at++;
    if (here->second.document == document) taken.push_back(std::move(entries_.extract(here).mapped()));
  }
  return taken;
}

std::vector<Pending::Entry> Pending::take_all() {
  std::vector<Entry> taken;
  for (auto& [key, entry] : std::exchange(entries_, {})) taken.push_back(std::move(entry));
  return taken;
}

}  // namespace lsp

// pending.h: the requests that wait for the engine, by the id the client gave them and by the document they are about.
// add() when a job starts; take() whoever ends it first: the engine, the client's cancel, a newer request, shutdown.
// What was taken is gone, so whoever comes second finds nothing: that is how each is answered once. Main loop only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "lsp/rpc/responder.h"

namespace lsp {

// Which of the protocol's shapes the answer has.
enum class AnswerShape {
  Inline,   // textDocument/inlineCompletion
  Popup,    // textDocument/completion
  Copilot,  // getCompletions, of Copilot's older clients
};

class Pending {
 public:
  using Key = std::uint64_t;  // ours; never used again, unlike a client's id
  struct Entry {
    Responder respond;
    std::stop_source stop;
    std::string document;
    AnswerShape shape = AnswerShape::Inline;
    Key key = 0;
    std::chrono::steady_clock::time_point asked_at = std::chrono::steady_clock::now();
  };

  Key add(Responder respond, std::stop_source stop, std::string document, AnswerShape shape = AnswerShape::Inline);
  // For work that was begun before anyone waited for it, under the key it has.
  void add(Key key, Responder respond, std::stop_source stop, std::string document, AnswerShape shape);
  Key new_key() { return ++last_; }  // for work that nobody waits for
  std::optional<Entry> take(Key key);
  std::optional<Entry> take(const Id& id);
  std::vector<Entry> take_document(const std::string& document);
  std::vector<Entry> take_all();

  bool has(Key key) const { return entries_.contains(key); }
  bool empty() const { return entries_.empty(); }

 private:
  std::map<Key, Entry> entries_;
  Key last_ = 0;
};

}  // namespace lsp

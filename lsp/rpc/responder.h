// responder.h: the right, and the duty, to answer one request.
// Call succeed() or refuse() once; a Responder that is dropped unanswered answers with an error, so no client waits for ever.
// Move-only; answering again does nothing. Used on the main loop.
#pragma once

#include <expected>
#include <functional>
#include <utility>

#include "lsp/protocol/message.h"

namespace lsp {

using Outcome = std::expected<Json, ResponseError>;

class Responder {
 public:
  using Send = std::function<void(const Id&, Outcome)>;

  Responder(Id id, Send send) : id_(std::move(id)), send_(std::move(send)) {}
  Responder(Responder&& other) noexcept : id_(std::move(other.id_)), send_(std::exchange(other.send_, nullptr)) {}
  Responder& operator=(Responder&& other) noexcept {
    Responder dropped(std::move(*this));  // what this one still owed is answered when `dropped` goes
    id_ = std::move(other.id_);
    send_ = std::exchange(other.send_, nullptr);
    return *this;
  }
  ~Responder() { refuse({RpcError::InternalError, "the request was dropped"}); }

  void succeed(Json result) { answer(std::move(result)); }
  void refuse(ResponseError error) { answer(std::unexpected(std::move(error))); }

  const Id& id() const { return id_; }

 private:
  void answer(Outcome outcome) {
    if (const Send send = std::exchange(send_, nullptr)) send(id_, std::move(outcome));
  }

  Id id_;
  Send send_;
};

}  // namespace lsp

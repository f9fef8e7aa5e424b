// advance.h: ids through a model behind what a session holds, one pass.
// The session is kept in step: its ids and its cache grow together, or stay as they were where `stop` fired within the pass.
// Throws what libtorch throws. Engine thread.
#pragma once

#include <span>
#include <stop_token>

#include "engine/cache/session_pool.h"
#include "engine/models/model.h"

namespace engine {

// Logits on the host: [1, V] of the last, or [n, V]; undefined where it was stopped.
torch::Tensor advance(Model& model, Session& session, torch::Device device, std::span<const tokenizer::TokenId> ids, LogitsOf wanted, std::stop_token stop = {});

// One id behind each of several sessions, in one pass: logits [A, V] on the host; undefined where it was stopped.
torch::Tensor advance_each(Model& model, std::span<Session* const> sessions, torch::Device device, std::span<const tokenizer::TokenId> ids, std::stop_token stop = {});

// The session as it was when it held only the first `length` tokens, or as it is where it holds no more.
void cut_back(Session& session, std::size_t length);

}  // namespace engine

// ready.h: the latest suggestions that were made, for as long as typing agrees with them.
// keep() what complete() gave; find() gives it back, shortened by what was typed since, where the document is otherwise the
// same: an answer without the model, and ghost text that stays as it is while it is typed.
// Main loop only. Holds the few documents' texts it compares with; forget() what was closed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "lsp/completion/pipeline.h"

namespace lsp {

// `made` for `then`, as a suggestion for `now`; nullopt where the text went another way or all of it is typed.
std::optional<Suggestion> typed_through(const Query& then, const Suggestion& made, const Query& now);

// Whether a suggestion for `then`, of which `written` is there so far, may still become one for `now`: the document is otherwise the
// same, and what was typed since and what is written agree as far as both go.
bool may_become(const Query& then, std::string_view written, const Query& now);

class ReadySuggestions {
 public:
  struct Found {
    std::uint64_t key = 0;  // of the request that it was made for
    std::size_t index = 0;  // among that request's suggestions
    Completion completion;
  };

  void keep(std::uint64_t key, const Query& query, const Completion& completion);
  std::optional<Found> find(const Query& query) const;  // the newest that fits; never for what the user asked for expressly
  // The same for what the user asked for expressly: what shows there now, as far as the server knows. An answer to an earlier express
  // request counts only once the editor told that it shows: whoever asks again may have changed what there is to copy from.
  std::optional<Suggestion> showing(const Query& query) const;
  // The user sees this one of the request's now: it goes before the others that fit.
  void shown(std::uint64_t key, std::size_t index);
  // One of them again, as it is now; nullopt where it is gone or the text went another way.
  std::optional<Suggestion> find(std::uint64_t key, std::size_t index, const Query& now) const;
  void forget(const std::string& uri);
  void clear() { kept_.clear(); }

 private:
  struct Kept {
    std::uint64_t key;
    Query query;
    Completion completion;
    std::size_t shown = 0;  // of its items
    bool told = false;      // by the editor, that it shows
  };
  std::optional<Found> newest(const Query& query, bool (*counts)(const Kept&)) const;

  std::deque<Kept> kept_;  // the newest first
};

}  // namespace lsp

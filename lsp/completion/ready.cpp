#include "lsp/completion/ready.h"

#include <algorithm>

#include "lsp/context/lines.h"

namespace lsp {
namespace {

constexpr std::size_t kMostKept = 8;

}  // namespace

std::optional<Suggestion> typed_through(const Query& then, const Suggestion& made, const Query& now) {
  const std::string_view before = then.document.text(), after = now.document.text();
  const bool forward = then.document.uri == now.document.uri && now.cursor >= then.cursor && now.cursor <= after.size();
  if (!forward || after.substr(now.cursor) != before.substr(then.cursor)) return std::nullopt;
  if (after.substr(0, made.begin) != before.substr(0, made.begin)) return std::nullopt;
  const std::string_view typed = after.substr(made.begin, now.cursor - made.begin);
  if (!std::string_view(made.text).starts_with(typed)) return std::nullopt;
  const std::string_view left = std::string_view(made.text).substr(typed.size());
  if (left == after.substr(now.cursor, made.end - then.cursor)) return std::nullopt;

  // Where whole lines of it were typed, the suggestion is about the cursor's line now.
  const std::size_t begin = std::max(made.begin, line_at(after, now.cursor).begin);
  Suggestion out = made;
  out.begin = begin;
  out.end = now.cursor + (made.end - then.cursor);
  out.text = made.text.substr(begin - made.begin);
  const std::string_view since = after.substr(then.cursor, now.cursor - then.cursor);
  out.ghost = made.ghost.starts_with(since) ? made.ghost.substr(since.size()) : std::string(left);
  return out;
}

void ReadySuggestions::keep(std::uint64_t key, const Query& query, const Completion& completion) {
  if (query.selected || completion.items.empty()) return;
  if (completion.items.front().text.find('\0') != std::string::npos) return;  // no editor is shown that
  kept_.push_front({key, query, completion});
  if (kept_.size() > kMostKept) kept_.pop_back();
}

std::optional<ReadySuggestions::Found> ReadySuggestions::find(const Query& query) const {
  if (query.selected || query.invocation == Invocation::Explicit) return std::nullopt;
  for (const Kept& kept : kept_) {
    auto item = typed_through(kept.query, kept.completion.items.front(), query);
    if (!item) continue;
    Found found{kept.key, kept.completion};
    found.completion.items = {std::move(*item)};
    found.completion.detail = "an earlier suggestion, typed through";
    found.completion.timings = {};
    return found;
  }
  return std::nullopt;
}

void ReadySuggestions::forget(const std::string& uri) {
  std::erase_if(kept_, [&](const Kept& kept) { return kept.query.document.uri == uri; });
}

}  // namespace lsp

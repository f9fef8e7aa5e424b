#include "lsp/completion/ready.h"

#include <algorithm>

#include "lsp/context/lines.h"

namespace lsp {
namespace {

constexpr std::size_t kMostKept = 8;
constexpr std::string_view kOpeners = "([{\"'`", kClosers = ")]}\"'`";

// Editors close a bracket or a quote that is typed: how many such characters stand in `rest` before `then`, what stood there
// when the suggestion was made. Only what `typed` opened and `left` of the suggestion closes counts; nullopt: something else.
std::optional<std::size_t> closed_by_editor(std::string_view rest, std::string_view then, std::string_view typed, std::string_view left) {
  if (rest.size() < then.size() || !rest.ends_with(then)) return std::nullopt;
  const std::string_view closers = rest.substr(0, rest.size() - then.size());
  std::size_t at = 0;
  for (const char closer : closers) {
    const std::size_t kind = kClosers.find(closer);
    if (kind == std::string_view::npos || typed.find(kOpeners[kind]) == std::string_view::npos) return std::nullopt;
    at = left.find(closer, at);
    if (at++ == std::string_view::npos) return std::nullopt;
  }
  return closers.size();
}

}  // namespace

std::optional<Suggestion> typed_through(const Query& then, const Suggestion& made, const Query& now) {
  const std::string_view before = then.document.text(), after = now.document.text();
  const bool forward = then.document.uri == now.document.uri && now.cursor >= then.cursor && now.cursor <= after.size();
  if (!forward) return std::nullopt;
  if (after.substr(0, made.begin) != before.substr(0, made.begin)) return std::nullopt;
  const std::string_view typed = after.substr(made.begin, now.cursor - made.begin);
  if (!std::string_view(made.text).starts_with(typed)) return std::nullopt;
  const std::string_view left = std::string_view(made.text).substr(typed.size());
  const auto since = after.substr(then.cursor, now.cursor - then.cursor);
  const auto closed = closed_by_editor(after.substr(now.cursor), before.substr(then.cursor), since, left);
  if (!closed) return std::nullopt;
  const std::size_t end = now.cursor + *closed + (made.end - then.cursor);
  if (left == after.substr(now.cursor, end - now.cursor)) return std::nullopt;

  // Where whole lines of it were typed, the suggestion is about the cursor's line now.
  const std::size_t begin = std::max(made.begin, line_at(after, now.cursor).begin);
  Suggestion out = made;
  out.begin = begin;
  out.end = end;
  out.text = made.text.substr(begin - made.begin);
  out.ghost = made.ghost.starts_with(since) ? made.ghost.substr(since.size()) : std::string(left);
  return out;
}

bool may_become(const Query& then, std::string_view written, const Query& now) {
  if (then.selected || now.selected || then.invocation != Invocation::Automatic || now.invocation != Invocation::Automatic) return false;
  const std::string_view before = then.document.text(), after = now.document.text();
  if (then.document.uri != now.document.uri || now.cursor < then.cursor || now.cursor > after.size()) return false;
  if (after.substr(0, then.cursor) != before.substr(0, then.cursor)) return false;
  const std::string_view typed = after.substr(then.cursor, now.cursor - then.cursor);
  if (!typed.starts_with(written) && !written.starts_with(typed)) return false;
  // Whatever closes what was typed may still be written.
  return closed_by_editor(after.substr(now.cursor), before.substr(then.cursor), typed, std::string(kClosers) + std::string(kClosers)).has_value();
}

void ReadySuggestions::keep(std::uint64_t key, const Query& query, const Completion& completion) {
  if (query.selected || completion.items.empty()) return;
  const auto shown = [](const Suggestion& item) { return item.text.find('\0') == std::string::npos; };
  if (!std::ranges::all_of(completion.items, shown)) return;  // no editor is shown that
  kept_.push_front({.key = key, .query = query, .completion = completion});
  if (kept_.size() > kMostKept) kept_.pop_back();
}

std::optional<ReadySuggestions::Found> ReadySuggestions::find(const Query& query) const {
  return query.invocation == Invocation::Explicit ? std::nullopt : newest(query, [](const Kept&) { return true; });
}

std::optional<Suggestion> ReadySuggestions::showing(const Query& query) const {
  auto found = newest(query, [](const Kept& kept) { return kept.told || kept.query.invocation == Invocation::Automatic; });
  if (!found) return std::nullopt;
  return std::move(found->completion.items.front());
}

std::optional<ReadySuggestions::Found> ReadySuggestions::newest(const Query& query, bool (*counts)(const Kept&)) const {
  if (query.selected) return std::nullopt;
  for (const Kept& kept : kept_) {
    if (!counts(kept)) continue;
    const std::size_t count = kept.completion.items.size();
    for (std::size_t turn = 0; turn < count; ++turn) {
      const std::size_t index = turn == 0 ? kept.shown : turn <= kept.shown ? turn - 1 : turn;  // the one that shows, then the others in order
      auto item = typed_through(kept.query, kept.completion.items[index], query);
      if (!item) continue;
      Found found{kept.key, index, kept.completion};
      found.completion.items = {std::move(*item)};
      found.completion.detail = "an earlier suggestion, typed through";
      found.completion.timings = {};
      return found;
    }
  }
  return std::nullopt;
}

void ReadySuggestions::shown(std::uint64_t key, std::size_t index) {
  const auto kept = std::ranges::find(kept_, key, &Kept::key);
  if (kept != kept_.end() && index < kept->completion.items.size()) kept->shown = index, kept->told = true;
}

std::optional<Suggestion> ReadySuggestions::find(std::uint64_t key, std::size_t index, const Query& now) const {
  const auto kept = std::ranges::find(kept_, key, &Kept::key);
  if (kept == kept_.end() || index >= kept->completion.items.size()) return std::nullopt;
  return typed_through(kept->query, kept->completion.items[index], now);
}

void ReadySuggestions::forget(const std::string& uri) {
  std::erase_if(kept_, [&](const Kept& kept) { return kept.query.document.uri == uri; });
}

}  // namespace lsp

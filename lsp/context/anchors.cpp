#include "lsp/context/anchors.h"

#include <algorithm>
#include <utility>

namespace lsp {
namespace {

constexpr std::size_t kMostKept = 16;
constexpr std::size_t kMostTyped = 512;  // bytes behind the anchor: more belong before the middle marker
constexpr std::ptrdiff_t kMostLines = 12;

bool same(WindowBudget a, WindowBudget b) { return a.before == b.before && a.after == b.after; }

}  // namespace

const Anchors::Kept* Anchors::find(std::string_view uri) const {
  const auto found = std::ranges::find_if(kept_, [&](const Kept& kept) { return kept.uri == uri; });
  return found == kept_.end() ? nullptr : &*found;
}

std::optional<Window> Anchors::again(std::string_view uri, std::string_view text, const Surroundings& around, WindowBudget asked) const {
  const Kept* kept = find(uri);
  if (!kept || around.selected || !same(kept->asked, asked)) return std::nullopt;
  const std::size_t begin = kept->window.typed_begin;
  if (around.cursor < begin || around.cursor - begin > kMostTyped) return std::nullopt;
  const std::string_view typed = text.substr(begin, around.cursor - begin);
  if (std::ranges::count(typed, '\n') > kMostLines) return std::nullopt;
  if (text.substr(kept->window.skipped, begin - kept->window.skipped) != kept->before) return std::nullopt;
  const std::string_view rest = text.substr(after_begin(around));
  if (!rest.starts_with(kept->after) || (kept->to_the_end && rest.size() != kept->after.size())) return std::nullopt;
  Window window = kept->window;
  window.typed = with_plain_line_ends(typed);
  return window;
}

WindowBudget Anchors::budget(std::string_view uri, WindowBudget asked) const {
  const Kept* kept = find(uri);
  return kept && same(kept->asked, asked) ? kept->cut_to : asked;
}

std::shared_ptr<const OtherCode> Anchors::others(std::string_view uri) const {
  const Kept* kept = find(uri);
  return kept ? kept->others : nullptr;
}

void Anchors::keep(std::string_view uri, std::string_view text, const Window& window, WindowBudget asked, WindowBudget cut_to,
                   std::shared_ptr<const OtherCode> others) {
  add({.uri = std::string(uri),
       .before = std::string(text.substr(window.skipped, window.typed_begin - window.skipped)),
       .after = std::string(text.substr(window.after_begin, window.after_end - window.after_begin)),
       .window = window,
       .to_the_end = window.after_end >= text.size(),
       .asked = asked,
       .cut_to = cut_to,
       .others = std::move(others)});
}

bool Anchors::stale(std::string_view uri, LineRange line) const {
  const Kept* kept = find(uri);
  return kept && kept->window.typed_begin < line.begin;
}

void Anchors::take(Anchors&& newer) {
  for (auto kept = newer.kept_.rbegin(); kept != newer.kept_.rend(); ++kept) add(std::move(*kept));
}

void Anchors::add(Kept kept) {
  std::erase_if(kept_, [&](const Kept& other) { return other.uri == kept.uri; });
  kept_.push_front(std::move(kept));
  if (kept_.size() > kMostKept) kept_.pop_back();
}

}  // namespace lsp

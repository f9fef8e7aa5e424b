#include "app/evaluate/run.h"

#include <algorithm>

#include "lsp/completion/nearby_text.h"
#include "lsp/context/indentation.h"
#include "lsp/context/lines.h"

namespace app {
namespace {

// What stands from the cursor on where the suggestion is accepted: to the line's end, or all that it writes.
std::string accepted(const lsp::Suggestion& item, std::string_view text, std::size_t cursor, bool block) {
  const std::string_view typed = text.substr(item.begin, cursor - item.begin);
  if (!std::string_view(item.text).starts_with(typed)) return {};
  std::string got = item.text.substr(typed.size());
  const std::size_t line_end = std::min(text.find('\n', cursor), text.size());
  if (item.end < line_end) got += text.substr(item.end, line_end - item.end);
  return block ? got : got.substr(0, got.find('\n'));
}

std::string_view next_line(std::string_view text, std::size_t cursor) {
  const lsp::LineRange line = lsp::line_at(text, cursor);
  for (const std::string_view below : lsp::lines_below(text, line, 20))
    if (!lsp::is_blank(below)) return below;
  return {};
}

bool ends_with_next_line(const std::string& got, std::string_view text, std::size_t cursor) {
  const std::size_t last = got.rfind('\n');
  const lsp::LineRange line = lsp::line_at(text, cursor);
  const std::string whole = last == std::string::npos ? std::string(text.substr(line.begin, cursor - line.begin)) + got : got.substr(last + 1);
  const std::string_view next = lsp::trimmed(next_line(text, cursor));
  return !next.empty() && !lsp::only_punctuation(next) && lsp::trimmed(whole) == next;
}

}  // namespace

std::string tidied(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += lsp::trimmed_end(text.substr(begin, end - begin));
    if (end < text.size()) out += '\n';
    begin = end + 1;
  }
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

lsp::Query query_at(const Folder& folder, const SourceFile& file, const Hole& hole) {
  lsp::Query query;
  query.document = {.uri = "file://" + (folder.root / file.path).string(),
                    .language_id = file.language,
                    .content = std::make_shared<const std::string>(file.text.substr(0, hole.begin) + file.text.substr(hole.end))};
  query.cursor = hole.begin;
  return query;
}

base::Result<std::vector<Outcome>> answer_holes(const Folder& folder, const std::vector<Hole>& holes, const Slices& slices, const Asked& asked,
                                                const std::function<void(double)>& progress) {
  std::vector<Outcome> out;
  for (const Hole& hole : holes) {
    lsp::NearbyText nearby;  // of its own, so that the order of the holes does not matter
    progress(double(out.size()) / double(holes.size()));
    const SourceFile& file = folder.code[hole.file];
    const lsp::Query query = query_at(folder, file, hole);
    const auto completion = lsp::complete(query, {.model = asked.model, .settings = asked.settings, .workspace = asked.workspace, .nearby = &nearby, .paths = asked.paths}, {});
    if (!completion) return base::forward(completion, file.path);
    Outcome one{.hole = hole};
    one.wanted = tidied(file.text.substr(hole.begin, hole.end - hole.begin));
    one.novel = slices.is_novel(file, hole);
    one.cross_file = slices.is_cross_file(file, hole);
    one.ms = completion->timings.total_ms;
    if (!completion->items.empty()) {
      const lsp::Suggestion& item = completion->items.front();
      one.shown = true;
      one.confidence = item.confidence;
      one.got = tidied(accepted(item, query.document.text(), hole.begin, hole.kind == HoleKind::Block));
      one.exact = one.got == one.wanted;
      one.similarity = edit_similarity(one.got, one.wanted);
      one.doubled = ends_with_next_line(one.got, query.document.text(), hole.begin);
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace app

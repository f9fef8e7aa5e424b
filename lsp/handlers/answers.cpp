#include "lsp/handlers/answers.h"

#include <algorithm>

#include "base/utf8.h"
#include "lsp/context/lines.h"
#include "lsp/handlers/placement.h"
#include "lsp/handlers/popup_item.h"
#include "lsp/protocol/capabilities.h"
#include "lsp/protocol/json.h"

namespace lsp {
namespace {

std::size_t utf16_length(std::string_view text) {
  return LineIndex(text).place(text, text.size(), PositionEncoding::Utf16).column;  // of one line
}

OfferedItem offered_item(std::string id, const Suggestion& suggestion, std::string_view inserted) {
  // What of the inserted text stands there already: all before the ghost.
  const std::size_t at = inserted.find(suggestion.ghost);
  return {.id = std::move(id),
          .new_characters = base::code_point_count(suggestion.ghost),
          .typed_units = at == std::string_view::npos ? 0 : utf16_length(inserted.substr(0, at))};
}

struct Offer {
  std::vector<InlineItem> items;
  std::vector<const Suggestion*> of;
};

// VS Code and the clients of Copilot's server draw what replaces the line best; the others what follows the cursor.
Offer place_items(const Session& session, const Made& made) {
  Offer out;
  const RangeStyle style = session.features.speaks_copilot ? RangeStyle::FromLineStart : range_style(session.features.name);
  for (std::size_t i = 0; i < made.completion.items.size(); ++i) {
    const Suggestion& suggestion = made.completion.items[i];
    auto item = place_item(suggestion, made.query, style, session.documents.encoding());
    if (!item) continue;
    if (wants_plain_line_ends(session.features.name)) item->text = with_plain_line_ends(item->text);
    item->id = fmt::format("{}.{}", made.key, made.first + i);
    out.items.push_back(std::move(*item));
    out.of.push_back(&suggestion);
  }
  return out;
}

Json copilot_json(const Offer& offer, const Made& made) {
  Json list = Json::array();
  for (std::size_t i = 0; i < offer.items.size(); ++i) {
    const InlineItem& item = offer.items[i];
    const Json range = write_span(item.span);
    list.push_back({{"uuid", item.id}, {"text", item.text}, {"displayText", offer.of[i]->ghost}, {"range", range},
                    {"position", range.at("end")}, {"docVersion", made.query.document.version}});
  }
  return {{"completions", std::move(list)}};
}

Json popup_json(const Session& session, const Made& made, const std::string& id) {
  const auto item = popup_item(made.completion.items.front(), made.query, session.documents.encoding());
  if (!item) return empty_answer(session, AnswerShape::Popup, false);
  const bool snippet = session.features.takes_snippets && item->unindented;
  const std::string& language = made.query.document.language_id;
  Json entry = {{"label", item->label},
                {"kind", 1},
                {"detail", "Rigpilot"},
                {"documentation", {{"kind", "markdown"}, {"value", fmt::format("```{}\n{}\n```", language, item->text)}}},
                {"filterText", item->label},
                {"sortText", "0"},  // eglot sorts entries without one behind all others
                {"insertTextFormat", snippet ? 2 : 1},
                {"textEdit", {{"range", write_span(item->span)}, {"newText", snippet ? snippet_escaped(*item->unindented) : item->text}}},
                {"command", {{"title", "Suggestion accepted"}, {"command", accept_command(session.features)}, {"arguments", {id}}}}};
  entry["insertTextMode"] = snippet ? 2 : 1;  // the line's indentation is to be added, or stands there
  return {{"isIncomplete", true}, {"items", Json::array({std::move(entry)})}};
}

}  // namespace

Json empty_answer(const Session& session, AnswerShape shape, bool complete) {
  switch (shape) {
    case AnswerShape::Inline: return write_items({}, accept_command(session.features));
    case AnswerShape::Popup: return {{"isIncomplete", !complete}, {"items", Json::array()}};
    case AnswerShape::Copilot: return {{"completions", Json::array()}};
  }
  return nullptr;
}

Json answer_json(Session& session, const Made& made, AnswerShape shape, double ms, bool from_ready) {
  if (made.completion.items.empty()) return empty_answer(session, shape, false);
  const Offer offer = place_items(session, made);
  for (std::size_t i = 0; i < offer.items.size(); ++i)
    session.statistics.offered(offered_item(offer.items[i].id, *offer.of[i], offer.items[i].text), ms, from_ready);
  switch (shape) {
    case AnswerShape::Inline: return write_items(offer.items, accept_command(session.features));
    case AnswerShape::Popup: return popup_json(session, made, fmt::format("{}.{}", made.key, made.first));
    case AnswerShape::Copilot: return copilot_json(offer, made);
  }
  return nullptr;
}

}  // namespace lsp

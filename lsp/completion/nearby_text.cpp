#include "lsp/completion/nearby_text.h"

#include "lsp/context/lines.h"
#include "lsp/index/document_key.h"

namespace lsp {
namespace {

// As much as is made of ids and sorted in some milliseconds.
constexpr std::size_t kMostBytes = 96 * 1024;
constexpr float kWeightAbove = 2, kWeightBelow = 2;  // one line here says as much as that many elsewhere
constexpr engine::DocumentKey kAbove = 1, kBelow = 2;

std::string_view last_lines(std::string_view text) {
  if (text.size() <= kMostBytes) return text;
  text.remove_prefix(text.size() - kMostBytes);
  return text.substr(std::min(text.find('\n'), text.size()));
}

std::string_view first_lines(std::string_view text) {
  if (text.size() <= kMostBytes) return text;
  return text.substr(0, text.rfind('\n', kMostBytes) + 1);
}

}  // namespace

void NearbyText::renew(Piece& piece, std::string_view text, engine::DocumentKey key, const tokenizer::Tokenizer& tokenizer) {
  if (tokenizer_ == &tokenizer && piece.text == text) return;
  piece.text = text;
  piece.segment = is_blank(text) ? nullptr : engine::Segment::build({{key, tokenizer.encode(with_plain_line_ends(text))}});
}

std::shared_ptr<const engine::NgramIndex> NearbyText::pool(const engine::NgramIndex& workspace, const Query& query, const Surroundings& around,
                                                           const tokenizer::Tokenizer& tokenizer) {
  const std::string_view text = query.document.text();
  renew(above_, last_lines(text.substr(0, around.line.begin)), kAbove, tokenizer);
  renew(below_, first_lines(text.substr(after_line_end(text, around.line.end))), kBelow, tokenizer);
  tokenizer_ = &tokenizer;
  engine::NgramIndex out = workspace.without(key_of_uri(query.document.uri));
  if (above_.segment) out = out.with(above_.segment, kWeightAbove);
  if (below_.segment) out = out.with(below_.segment, kWeightBelow);
  return std::make_shared<const engine::NgramIndex>(std::move(out));
}

}  // namespace lsp

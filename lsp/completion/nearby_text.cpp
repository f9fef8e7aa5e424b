#include "lsp/completion/nearby_text.h"

#include "lsp/context/lines.h"
#include "lsp/index/document_key.h"

namespace lsp {
namespace {

// As much as is made of ids and sorted in some milliseconds.
constexpr std::size_t kMostBytes = 96 * 1024;
constexpr std::size_t kAfter = 160;  // bytes behind the cursor that copies are compared with
constexpr float kWeightAbove = 2, kWeightBelow = 2;  // one line here says as much as that many elsewhere
constexpr engine::DocumentKey kAbove = 1, kBelow = 2, kSince = 3;
constexpr std::size_t kMostSince = 8 * 1024;  // written below the lines above before all of these are sorted anew
constexpr std::size_t kStep = 16 * 1024;      // the first of them stays while one writes

std::string_view last_lines(std::string_view text) {
  if (text.size() <= kMostBytes) return text;
  text.remove_prefix((text.size() - kMostBytes + kStep - 1) / kStep * kStep);
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

// Lines that are added to the same ones above are a piece of their own, so that a new line costs little.
void NearbyText::renew_above(std::string_view text, const tokenizer::Tokenizer& tokenizer) {
  const bool goes_on = tokenizer_ == &tokenizer && !above_.text.empty() && text.starts_with(above_.text) && text.size() - above_.text.size() <= kMostSince;
  if (goes_on) return renew(since_, text.substr(above_.text.size()), kSince, tokenizer);
  renew(above_, text, kAbove, tokenizer);
  since_ = {};
}

std::shared_ptr<const engine::NgramIndex> NearbyText::pool(const engine::NgramIndex& workspace, const Query& query, const Surroundings& around,
                                                           const tokenizer::Tokenizer& tokenizer) {
  const std::string_view text = query.document.text();
  renew_above(last_lines(text.substr(0, around.line.begin)), tokenizer);
  renew(below_, first_lines(text.substr(after_line_end(text, around.line.end))), kBelow, tokenizer);
  tokenizer_ = &tokenizer;
  engine::NgramIndex out = workspace.without(key_of_uri(query.document.uri));
  if (above_.segment) out = out.with(above_.segment, kWeightAbove);
  if (since_.segment) out = out.with(since_.segment, kWeightAbove);
  if (below_.segment) out = out.with(below_.segment, kWeightBelow);
  out = out.before(tokenizer.encode(with_plain_line_ends(text.substr(query.cursor, kAfter))));
  return std::make_shared<const engine::NgramIndex>(std::move(out));
}

}  // namespace lsp

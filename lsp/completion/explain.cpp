#include "lsp/completion/explain.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "lsp/context/lines.h"

namespace lsp {
namespace {

// The text with "  | " before each line, so that its blanks can be seen; a long one without its middle.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 6000;
  std::string shown(text.substr(0, snap_to_character(text, std::min(text.size(), kMost / 2))));
  if (text.size() > kMost) {
    const std::size_t from = snap_to_character(text, text.size() - kMost / 2);
    shown += fmt::format("\n[... {} bytes ...]\n", from - shown.size());
    shown += text.substr(from);
  } else {
    shown = text;
  }
  std::string out = "  | ";
  for (const char c : shown) {
    if (c == '\n') out += "\n  | ";
    else if (c != '\r') out += c;
  }
  return out + "\n";
}

std::string place(const Query& query) {
  const std::string_view text = query.document.text();
  const std::size_t cursor = snap_to_character(text, query.cursor);
  const LineRange line = line_at(text, cursor);
  const auto number = 1 + lines_above(text, line, text.size()).size();
  return fmt::format("{}:{}, byte {} of the line", query.document.uri, number, cursor - line.begin);
}

std::string timings(const CompletionTimings& t) {
  return fmt::format("total {:.1f} ms: prompt {:.1f}, prefill {:.1f} ({} of {} tokens computed), decode {:.1f} ({} tokens), postprocess {:.2f}\n",
                     t.total_ms, t.prompt_ms, t.engine.prefill_ms, t.engine.prefill_tokens, t.engine.prompt_tokens,
                     t.engine.decode_ms, t.engine.decode_tokens, t.postprocess_ms);
}

}  // namespace

std::string explain(const Query& query, const Completion& completion) {
  std::string out = fmt::format("at       {}\nresult   {}: {}\n", place(query), reason_name(completion.reason), completion.detail);
  if (completion.prompt.tokens > 0) {
    out += fmt::format("prompt   layout {}, {} tokens:\n{}", completion.prompt.layout, completion.prompt.tokens, in_quotes(completion.prompt.text));
    out += fmt::format("raw      what the model wrote ({}):\n{}", engine::stop_reason_name(completion.stop), in_quotes(completion.raw_text));
    out += fmt::format("steps    {}\n", completion.steps.empty() ? "none changed it" : fmt::format("{}", fmt::join(completion.steps, ", ")));
  }
  for (const Suggestion& item : completion.items)
    out += fmt::format("item     replaces bytes {} to {}, mean log-probability {:.2f}:\n{}ghost\n{}", item.begin, item.end, item.mean_logprob,
                       in_quotes(item.text), in_quotes(item.ghost));
  return out + "timings  " + timings(completion.timings);
}

}  // namespace lsp

#include "lsp/completion/prompt.h"

#include <algorithm>

#include "lsp/completion/healing.h"
#include "lsp/context/cursor_window.h"
#include "lsp/context/header.h"
#include "lsp/context/neighbours.h"

namespace lsp {
namespace {

using tokenizer::FimLayout;
using tokenizer::FimOrder;
using tokenizer::TokenId;

constexpr double kBytesPerToken = 4;     // a little more than code takes: the exact count decides
constexpr std::size_t kLeastBytes = 4;         // of a window: what it comes to where a token is a byte
constexpr std::size_t kTypedSlack = 192;      // tokens typed behind an anchor, beyond the budget
constexpr std::size_t kBytesForHeader = 256;  // of a window that has room for the file's name

struct TokenBudget {
  std::size_t prefix = 0, suffix = 0;
  std::size_t room = 0;  // of the context, for the whole prompt
};

// What the settings ask for, within what the model's context holds beside the answer.
base::Result<TokenBudget> token_budget(const Model& model, const CompletionSettings& settings) {
  constexpr std::int64_t kMarkers = 8, kLeast = 16;
  const std::int64_t room = model.engine->info().context_length - settings.max_tokens - kMarkers;
  if (room < kLeast)
    return base::fail(base::ErrorCode::InvalidInput, "completion.maxTokens is {}: the model's context holds only {} tokens",
                      settings.max_tokens, model.engine->info().context_length);
  const std::int64_t suffix = model.fim ? std::min<std::int64_t>(settings.suffix_tokens, room / 4) : 0;
  return TokenBudget{std::size_t(std::min<std::int64_t>(settings.prefix_tokens, room - suffix)), std::size_t(suffix), std::size_t(room)};
}

std::vector<TokenId> encode(const Model& model, std::string_view text, bool continues) {
  return model.encoder().encode(text, continues);
}

void append(std::vector<TokenId>& ids, const std::vector<TokenId>& more) { ids.insert(ids.end(), more.begin(), more.end()); }

void begin_text(const Model& model, Prompt& prompt) {
  for (const TokenId id : model.tokenizer->begin_ids()) prompt.ids.push_back(id);
}

// The cursor's line: encoded, then cut back by half a word. Ids before it stay.
void end_with(const Model& model, std::string_view text, bool continues, Prompt& prompt) {
  const std::size_t keep = std::max<std::size_t>(prompt.ids.size(), 1);
  append(prompt.ids, encode(model, text, continues));
  prompt.owed = cut_back(prompt.ids, keep, text, *model.tokenizer, model.index());
}

Prompt prefix_prompt(const Model& model, const Window& window) {
  Prompt prompt{.layout = "prefix"};
  begin_text(model, prompt);
  end_with(model, window.before + window.typed, false, prompt);
  return prompt;
}

Prompt fim_prompt(const Model& model, const FimLayout& fim, const Window& window) {
  Prompt prompt{.layout = std::string(fim.family)};
  begin_text(model, prompt);
  // A model sees no empty suffix in training: a file's last line still ends.
  const std::vector<TokenId> suffix = encode(model, window.after.empty() ? "\n" : window.after, true);
  if (fim.order == FimOrder::SuffixPrefixMiddle) {
    prompt.ids.push_back(fim.suffix);
    append(prompt.ids, suffix);
  }
  prompt.ids.push_back(fim.prefix);
  const bool apart = fim.middle.has_value();  // the cursor's line stands after a middle marker
  if (apart) append(prompt.ids, encode(model, window.before, true));
  if (fim.order == FimOrder::PrefixSuffixMiddle) {
    prompt.ids.push_back(fim.suffix);
    append(prompt.ids, suffix);
  }
  if (apart) prompt.ids.push_back(*fim.middle);
  const std::size_t line = prompt.ids.size();
  end_with(model, apart ? window.typed : window.before + window.typed, true, prompt);
  if (apart) prompt.text_before = encode(model, window.before, true);
  prompt.text_before.insert(prompt.text_before.end(), prompt.ids.begin() + std::ptrdiff_t(std::min(line, prompt.ids.size())), prompt.ids.end());
  return prompt;
}

// A text in front of the window, where there is nothing else to begin with: a prompt has at least one token.
void fill_empty(const Model& model, Prompt& prompt) {
  if (!prompt.ids.empty()) return;
  if (const auto bos = model.tokenizer->bos()) prompt.ids.push_back(*bos);
  else prompt.ids = encode(model, "\n", false);
  if (prompt.ids.empty()) prompt.ids.push_back(0);
}

WindowBudget bytes_of(const TokenBudget& budget) {
  return {std::size_t(double(budget.prefix) * kBytesPerToken), std::size_t(double(budget.suffix) * kBytesPerToken)};
}

// `bytes`: what the window was cut to; a small one has no room for the file's name.
Prompt prompt_of(Window window, WindowBudget bytes, const Snapshot& document, const Model& model) {
  if (bytes.before >= kBytesForHeader) window.before.insert(0, file_header(document.uri, document.language_id));
  Prompt prompt = model.fim ? fim_prompt(model, *model.fim, window) : prefix_prompt(model, window);
  fill_empty(model, prompt);
  return prompt;
}

}  // namespace

base::Result<Prompt> build_prompt(const Snapshot& document, const Surroundings& around, const Model& model,
                                  const CompletionSettings& settings, Anchors* anchors) {
  const auto budget = token_budget(model, settings);
  if (!budget) return base::forward(budget);
  std::optional<Widened> widened;
  if (document.neighbours) widened = widen(document.text(), around, *document.neighbours);
  const std::string_view text = widened ? std::string_view(widened->text) : document.text();
  const Surroundings& seen = widened ? widened->around : around;
  const std::size_t most = budget->prefix + budget->suffix + 8;
  const WindowBudget asked = bytes_of(*budget);
  if (const auto window = anchors ? anchors->again(document.uri, text, seen, asked) : std::nullopt) {
    Prompt prompt = prompt_of(*window, anchors->budget(document.uri, asked), document, model);
    if (prompt.ids.size() <= std::min(most + kTypedSlack, budget->room)) return prompt;
  }
  WindowBudget bytes = anchors ? anchors->budget(document.uri, asked) : asked;
  // By fixed factors, so that the same document comes to the same window at the next keystroke.
  for (;; bytes = {bytes.before * 3 / 4, bytes.after * 3 / 4}) {
    const Window window = cut_window(text, seen, bytes);
    Prompt prompt = prompt_of(window, bytes, document, model);
    if (prompt.ids.size() <= most) {
      if (anchors && !around.selected) anchors->keep(document.uri, text, window, asked, bytes);
      return prompt;
    }
    if (bytes.before <= kLeastBytes)
      return base::fail(base::ErrorCode::Failed, "the text at the cursor takes {} tokens: completion.prefixTokens allows {}",
                        prompt.ids.size(), budget->prefix);
  }
}

std::vector<TokenId> opening_ids(const Snapshot& document, const Model& model, const CompletionSettings& settings) {
  const auto budget = token_budget(model, settings);
  if (!budget || document.neighbours || (model.fim && model.fim->order == FimOrder::SuffixPrefixMiddle)) return {};
  const std::string_view text = document.text();
  const WindowBudget bytes = bytes_of(*budget);
  std::size_t end = std::min(text.size(), bytes.before);
  // Whole lines, but not the last: its end may be where the cursor is.
  end = text.substr(0, end).rfind('\n') + 1;
  if (end == 0) return {};
  Prompt prompt;
  begin_text(model, prompt);
  if (model.fim) prompt.ids.push_back(model.fim->prefix);
  std::string begin = with_plain_line_ends(text.substr(0, end));
  if (bytes.before >= kBytesForHeader) begin.insert(0, file_header(document.uri, document.language_id));
  append(prompt.ids, encode(model, begin, model.fim.has_value()));
  prompt.ids.resize(std::min(prompt.ids.size(), budget->prefix));
  return std::move(prompt.ids);
}

}  // namespace lsp

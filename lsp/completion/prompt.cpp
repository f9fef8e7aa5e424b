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
constexpr std::size_t kBytesForHeader = 256;  // of a window that has room for the file's name

struct TokenBudget {
  std::size_t prefix = 0, suffix = 0;
};

// What the settings ask for, within what the model's context holds beside the answer.
base::Result<TokenBudget> token_budget(const Model& model, const CompletionSettings& settings) {
  constexpr std::int64_t kMarkers = 8, kLeast = 16;
  const std::int64_t room = model.engine->info().context_length - settings.max_tokens - kMarkers;
  if (room < kLeast)
    return base::fail(base::ErrorCode::InvalidInput, "completion.maxTokens is {}: the model's context holds only {} tokens",
                      settings.max_tokens, model.engine->info().context_length);
  const std::int64_t suffix = model.fim ? std::min<std::int64_t>(settings.suffix_tokens, room / 4) : 0;
  return TokenBudget{std::size_t(std::min<std::int64_t>(settings.prefix_tokens, room - suffix)), std::size_t(suffix)};
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
  end_with(model, apart ? window.typed : window.before + window.typed, true, prompt);
  return prompt;
}

// A text in front of the window, where there is nothing else to begin with: a prompt has at least one token.
void fill_empty(const Model& model, Prompt& prompt) {
  if (!prompt.ids.empty()) return;
  if (const auto bos = model.tokenizer->bos()) prompt.ids.push_back(*bos);
  else prompt.ids = encode(model, "\n", false);
  if (prompt.ids.empty()) prompt.ids.push_back(0);
}

}  // namespace

base::Result<Prompt> build_prompt(const Snapshot& document, const Surroundings& around, const Model& model,
                                  const CompletionSettings& settings) {
  const auto budget = token_budget(model, settings);
  if (!budget) return base::forward(budget);
  const std::string header = file_header(document.uri, document.language_id);
  std::optional<Widened> widened;
  if (document.neighbours) widened = widen(document.text(), around, *document.neighbours);
  const std::string_view text = widened ? std::string_view(widened->text) : document.text();
  WindowBudget bytes{std::size_t(double(budget->prefix) * kBytesPerToken), std::size_t(double(budget->suffix) * kBytesPerToken)};
  // By fixed factors, so that the same document comes to the same window at the next keystroke.
  for (;; bytes = {bytes.before * 3 / 4, bytes.after * 3 / 4}) {
    Window window = cut_window(text, widened ? widened->around : around, bytes);
    if (bytes.before >= kBytesForHeader) window.before.insert(0, header);
    Prompt prompt = model.fim ? fim_prompt(model, *model.fim, window) : prefix_prompt(model, window);
    fill_empty(model, prompt);
    if (prompt.ids.size() <= budget->prefix + budget->suffix + 8) return prompt;
    if (bytes.before <= kLeastBytes)
      return base::fail(base::ErrorCode::Failed, "the text at the cursor takes {} tokens: completion.prefixTokens allows {}",
                        prompt.ids.size(), budget->prefix);
  }
}

}  // namespace lsp

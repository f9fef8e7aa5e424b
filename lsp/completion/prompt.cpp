#include "lsp/completion/prompt.h"

#include "lsp/completion/lines.h"

namespace lsp {
namespace {

using tokenizer::FimOrder;
using tokenizer::TokenId;

void append(std::vector<TokenId>& ids, const std::vector<TokenId>& more) { ids.insert(ids.end(), more.begin(), more.end()); }

// Takes back the last token of the user's text: the next one may well be a longer token that starts with it.
void heal(std::vector<TokenId>& typed, std::size_t least, const tokenizer::Tokenizer& tokenizer, std::string& forced) {
  if (typed.size() <= least) return;
  const std::string_view bytes = tokenizer.bytes(typed.back());
  if (bytes.empty() || bytes.ends_with('\n')) return;  // a line's start is a clean border
  forced = std::string(bytes);
  typed.pop_back();
}

std::vector<TokenId> start(const Model& model) {
  const auto bos = model.tokenizer->bos();
  if (model.tokenizer->adds_bos() && bos) return {*bos};
  return {};
}

Prompt prefix_only(std::string_view text, const Window& window, const Model& model) {
  Prompt prompt;
  prompt.layout = "prefix";
  prompt.ids = start(model);
  std::vector<TokenId> typed = model.tokenizer->encode(with_newlines(text.substr(window.begin, window.cursor - window.begin)));
  heal(typed, prompt.ids.empty() ? 1 : 0, *model.tokenizer, prompt.forced);
  append(prompt.ids, typed);
  return prompt;
}

Prompt fill_in_the_middle(std::string_view text, const Window& window, const Model& model) {
  const tokenizer::FimLayout& fim = *model.fim;
  const auto encode = [&](std::size_t begin, std::size_t end) {
    return model.tokenizer->encode(with_newlines(text.substr(begin, end - begin)), {.continues = true});
  };
  Prompt prompt;
  prompt.layout = std::string(fim.family);
  prompt.ids = start(model);
  if (fim.order == FimOrder::SuffixPrefixMiddle) {
    prompt.ids.push_back(fim.suffix);
    append(prompt.ids, encode(window.cursor, window.suffix_end));
    prompt.ids.push_back(fim.prefix);
    append(prompt.ids, encode(window.begin, window.line_start));
  } else {
    prompt.ids.push_back(fim.prefix);
    append(prompt.ids, encode(window.begin, window.line_start));
    prompt.ids.push_back(fim.suffix);
    append(prompt.ids, encode(window.cursor, window.suffix_end));
    if (fim.middle) prompt.ids.push_back(*fim.middle);
  }
  std::vector<TokenId> typed = encode(window.line_start, window.cursor);
  heal(typed, 0, *model.tokenizer, prompt.forced);
  append(prompt.ids, typed);
  return prompt;
}

}  // namespace

Prompt build_prompt(std::string_view text, const Window& window, const Model& model) {
  return model.fim ? fill_in_the_middle(text, window, model) : prefix_only(text, window, model);
}

std::string prompt_text(const Prompt& prompt, const Model& model) { return model.tokenizer->decode(prompt.ids, /*with_special=*/true) + prompt.forced; }

}  // namespace lsp

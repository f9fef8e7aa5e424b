#include "lsp/completion/prompt.h"

#include <algorithm>

#include "lsp/completion/healing.h"
#include "lsp/context/cursor_window.h"
#include "lsp/context/header.h"
#include "lsp/context/neighbours.h"
#include "lsp/index/document_key.h"

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
  std::size_t prefix = 0, suffix = 0, others = 0;
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
  const std::int64_t prefix = std::min<std::int64_t>(settings.prefix_tokens, room - suffix);
  const std::int64_t others = std::min<std::int64_t>(settings.context_tokens, room - suffix - prefix);
  return TokenBudget{std::size_t(prefix), std::size_t(suffix), std::size_t(others), std::size_t(room)};
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

Prompt prefix_prompt(const Model& model, const OtherCode& others, const Window& window) {
  Prompt prompt{.layout = "prefix"};
  begin_text(model, prompt);
  append(prompt.ids, others.in_prefix);
  const std::size_t own = prompt.ids.size();
  end_with(model, window.before + window.typed, !others.in_prefix.empty(), prompt);
  if (!others.in_prefix.empty()) prompt.text_before.assign(prompt.ids.begin() + std::ptrdiff_t(std::min(own, prompt.ids.size())), prompt.ids.end());
  return prompt;
}

Prompt fim_prompt(const Model& model, const FimLayout& fim, const OtherCode& others, const Window& window) {
  Prompt prompt{.layout = std::string(fim.family)};
  begin_text(model, prompt);
  append(prompt.ids, others.before_markers);
  // A model sees no empty suffix in training: a file's last line still ends.
  const std::vector<TokenId> suffix = encode(model, window.after.empty() ? "\n" : window.after, true);
  const bool goes_on = fim.order == FimOrder::SuffixMiddlePrefix;
  if (goes_on) prompt.ids.push_back(fim.prefix);
  if (goes_on || fim.order == FimOrder::SuffixPrefixMiddle) {
    prompt.ids.push_back(fim.suffix);
    append(prompt.ids, suffix);
  }
  prompt.ids.push_back(goes_on ? *fim.middle : fim.prefix);
  append(prompt.ids, others.in_prefix);
  const bool apart = fim.middle.has_value();  // the cursor's line is encoded by itself, mostly behind a middle marker
  if (apart) append(prompt.ids, encode(model, window.before, true));
  if (fim.order == FimOrder::PrefixSuffixMiddle) {
    prompt.ids.push_back(fim.suffix);
    append(prompt.ids, suffix);
  }
  if (apart && !goes_on) prompt.ids.push_back(*fim.middle);
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

// As many as tell whether a line fits before them (engine/generate/onward.h): its line end, the next line's indentation and first words.
std::vector<TokenId> first_tokens(const Model& model, std::string_view text) {
  constexpr std::size_t kTokens = 4, kBytes = 256;
  std::vector<TokenId> out = encode(model, text.substr(0, kBytes), true);
  out.resize(std::min(out.size(), kTokens));
  return out;
}

// `bytes`: what the window was cut to; a small one has no room for the file's name.
Prompt prompt_of(Window window, WindowBudget bytes, const OtherCode* others, const Snapshot& document, const Model& model) {
  static const OtherCode kNone;
  const bool named = others && (!others->before_markers.empty() || !others->in_prefix.empty());  // the form has the file's name
  if (bytes.before >= kBytesForHeader && !named) window.before.insert(0, file_header(document.uri, document.language_id));
  Prompt prompt = model.fim ? fim_prompt(model, *model.fim, others ? *others : kNone, window) : prefix_prompt(model, others ? *others : kNone, window);
  fill_empty(model, prompt);
  prompt.text_after = first_tokens(model, window.after);
  return prompt;
}

// As a model reads it that was shown no repositories: under a comment with the file's name.
std::string plain_excerpts(std::span<const Excerpt> excerpts, const Snapshot& document) {
  const std::string_view comment = line_comment(document.uri, document.language_id);
  std::string out;
  for (const Excerpt& one : excerpts) out += fmt::format("{} {}\n{}\n", comment.empty() ? "//" : comment, one.path, one.text);
  return out;
}

void append_piece(const Model& model, const tokenizer::PromptPiece& piece, std::vector<TokenId>& ids) {
  if (piece.marker) ids.push_back(*piece.marker);
  append(ids, model.tokenizer->encode(piece.text, {.parse_special = false, .continues = true}));
}

// Null where nothing is similar.
std::shared_ptr<const OtherCode> find_others(const Snapshot& document, std::size_t cursor, const Model& model, const OtherFiles& files,
                                             std::size_t most_tokens, const std::shared_ptr<const OtherCode>& before) {
  const engine::DocumentKey own = key_of_uri(document.uri);
  const auto terms = terms_near(document.text(), cursor);
  std::vector<Excerpt> excerpts = choose_similar(files.workspace.without(own), files.paths, terms, *model.tokenizer, most_tokens, before ? std::span<const Excerpt>(before->excerpts) : std::span<const Excerpt>());
  if (excerpts.empty()) return nullptr;
  if (before && std::ranges::equal(before->excerpts, excerpts, {}, &Excerpt::text, &Excerpt::text)) return before;
  auto out = std::make_shared<OtherCode>();
  const auto form = model.fim ? model.fim->repository : tokenizer::RepositoryForm{};
  const auto named = files.paths.find(own);
  const std::string path = named != files.paths.end() ? named->second : std::string(document.uri.substr(document.uri.rfind('/') + 1));
  std::vector<tokenizer::RepositoryFile> shown;
  for (const Excerpt& one : excerpts) shown.push_back({one.path, one.text});
  const tokenizer::RepositoryContext context = tokenizer::repository_context(form, "", shown, path);
  for (const tokenizer::PromptPiece& piece : context.before_markers) append_piece(model, piece, out->before_markers);
  for (const tokenizer::PromptPiece& piece : context.in_prefix) append_piece(model, piece, out->in_prefix);
  if (!form) append_piece(model, {std::nullopt, plain_excerpts(excerpts, document) + file_header(document.uri, document.language_id)}, out->in_prefix);
  out->excerpts = std::move(excerpts);
  return out;
}

}  // namespace

base::Result<Prompt> build_prompt(const Snapshot& document, const Surroundings& around, const Model& model,
                                  const CompletionSettings& settings, Anchors* anchors, const OtherFiles* files) {
  const auto budget = token_budget(model, settings);
  if (!budget) return base::forward(budget);
  std::optional<Widened> widened;
  if (document.neighbours) widened = widen(document.text(), around, *document.neighbours);
  const std::string_view text = widened ? std::string_view(widened->text) : document.text();
  const Surroundings& seen = widened ? widened->around : around;
  std::shared_ptr<const OtherCode> others = anchors && budget->others > 0 ? anchors->others(document.uri) : nullptr;
  const auto length = [&] { return others ? others->before_markers.size() + others->in_prefix.size() : 0; };
  const WindowBudget asked = bytes_of(*budget);
  if (const auto window = anchors ? anchors->again(document.uri, text, seen, asked) : std::nullopt) {
    Prompt prompt = prompt_of(*window, anchors->budget(document.uri, asked), others.get(), document, model);
    if (prompt.ids.size() <= std::min(budget->prefix + budget->suffix + 8 + length() + kTypedSlack, budget->room)) return prompt;
  }
  if (files && files->shown) others = files->shown;
  others = files && budget->others > 0 ? find_others(document, around.cursor, model, *files, budget->others, others) : nullptr;
  const std::size_t most = std::min(budget->prefix + budget->suffix + 8 + length(), std::max(budget->room, budget->prefix + budget->suffix + 8));
  WindowBudget bytes = anchors ? anchors->budget(document.uri, asked) : asked;
  // By fixed factors, so that the same document comes to the same window at the next keystroke.
  for (;; bytes = {bytes.before * 3 / 4, bytes.after * 3 / 4}) {
    const Window window = cut_window(text, seen, bytes);
    Prompt prompt = prompt_of(window, bytes, others.get(), document, model);
    if (prompt.ids.size() <= most) {
      if (anchors && !around.selected) anchors->keep(document.uri, text, window, asked, bytes, others);
      return prompt;
    }
    if (bytes.before <= kLeastBytes)
      return base::fail(base::ErrorCode::Failed, "the text at the cursor takes {} tokens: completion.prefixTokens allows {}",
                        prompt.ids.size(), budget->prefix);
  }
}

std::vector<TokenId> opening_ids(const Snapshot& document, const Model& model, const CompletionSettings& settings, const OtherFiles* files, Anchors* anchors) {
  const auto budget = token_budget(model, settings);
  if (!budget || document.neighbours || (model.fim && model.fim->order != FimOrder::PrefixSuffixMiddle)) return {};
  const std::string_view text = document.text();
  const WindowBudget bytes = bytes_of(*budget);
  std::size_t end = std::min(text.size(), bytes.before);
  // Whole lines, but not the last: its end may be where the cursor is.
  end = text.substr(0, end).rfind('\n') + 1;
  if (end == 0) return {};
  constexpr std::size_t kBeginning = 2000;  // bytes: what the file is like
  std::shared_ptr<const OtherCode> others;
  if (files && budget->others > 0) others = find_others(document, std::min(text.size(), kBeginning), model, *files, budget->others, files->shown);
  if (others && anchors) anchors->keep(document.uri, {}, {}, {}, {}, others);
  Prompt prompt;
  begin_text(model, prompt);
  if (others) append(prompt.ids, others->before_markers);
  if (model.fim) prompt.ids.push_back(model.fim->prefix);
  if (others) append(prompt.ids, others->in_prefix);
  const std::size_t own = prompt.ids.size();
  std::string begin = with_plain_line_ends(text.substr(0, end));
  if (bytes.before >= kBytesForHeader && !others) begin.insert(0, file_header(document.uri, document.language_id));
  append(prompt.ids, encode(model, begin, model.fim.has_value() || others));
  prompt.ids.resize(std::min(prompt.ids.size(), own + budget->prefix));
  return std::move(prompt.ids);
}

}  // namespace lsp

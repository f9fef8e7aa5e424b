// anchors.h: the window each document's last prompt was cut to, so that prompts go on beginning with the same bytes while one types.
// again() is that window with what was typed since, over a line's end too, where the text around it is still the same; keep() a
// new one. stale() says that the cursor has left the line it was cut for, so that it may be cut anew when there is time.
// A few documents, the latest ones. Engine thread only; knows no model.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lsp/context/cursor_window.h"
#include "lsp/context/similar_code.h"

namespace lsp {

// What stands in a prompt before the document's own text, made once for an anchor.
struct OtherCode {
  std::vector<Excerpt> excerpts;
  std::vector<tokenizer::TokenId> before_markers, in_prefix;  // ids of them, where the model's form has them
};

class Anchors {
 public:
  // `asked`: the budget the settings give. A window that was cut for another is not used.
  std::optional<Window> again(std::string_view uri, std::string_view text, const Surroundings& around, WindowBudget asked) const;
  // What the last window came to, within which the next one is cut at once: a token more must not change all of it.
  WindowBudget budget(std::string_view uri, WindowBudget asked) const;

  // What was shown before the last window; null: nothing.
  std::shared_ptr<const OtherCode> others(std::string_view uri) const;

  void keep(std::string_view uri, std::string_view text, const Window& window, WindowBudget asked, WindowBudget cut_to,
            std::shared_ptr<const OtherCode> others = nullptr);
  bool stale(std::string_view uri, LineRange line) const;
  void take(Anchors&& newer);  // those of `newer` in place of ours
  void clear() { kept_.clear(); }

 private:
  struct Kept {
    std::string uri;
    std::string before, after;  // the document's bytes in the window, with its own line ends
    Window window;
    bool to_the_end = false;  // the window ends with the document
    WindowBudget asked, cut_to;
    std::shared_ptr<const OtherCode> others;
  };
  const Kept* find(std::string_view uri) const;
  void add(Kept kept);

  std::deque<Kept> kept_;  // the latest first
};

}  // namespace lsp

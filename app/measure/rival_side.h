// rival_side.h: llama.cpp asked as llama.vim asks llama-server: the rival of OurSide at the same keys.
// The lines before the cursor are the prefix, the cursor's line follows the middle marker, one request runs at a time, and a key
// that comes meanwhile asks again 100 ms later (llama.vim, autoload/llama.vim, llama#fim). The server's part (prompt, reuse of
// the longest common prefix, batches of 2,048) is bench/llama_server_rival.py. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/measure/figures.h"
#include "app/measure/our_side.h"
#include "app/measure/rival.h"
#include "app/measure/typing.h"

namespace app {

class RivalSide {
 public:
  struct Options {
    int tokens = 32;      // the longest suggestion
    bool exact = false;   // every one is as long
    bool patient = false;  // the next key waits for the answer
  };
  RivalSide(Rival rival, Options options) : rival_(std::move(rival)), options_(options) {}

  // As OurSide's; the prompt is made of about `prompt_tokens`, five sixths of them before the cursor.
  std::vector<KeyFigures> type(const TypedPlace& place, std::int64_t prompt_tokens);
  Cold cold(const TypedPlace& place, std::int64_t prompt_tokens);
  // A second request 100 ms into a cold one waits for all of its prompt: llama-server looks at nothing inside of a batch.
  Cold cold_after_cancel(const TypedPlace& place, std::int64_t prompt_tokens, double after_ms);

  double load_ms() const { return rival_.load_ms(); }
  const std::string& problem() const { return problem_; }  // of the first question without an answer

 private:
  struct Lines {
    std::size_t before = 0, after = 0;
  };
  struct Answered {
    double first_ms = 0, total_ms = 0;
    std::int64_t prompt = 0, computed = 0, written = 0;
    std::string text;
  };
  Lines fit(const TypedPlace& place, std::int64_t prompt_tokens);
  Answered ask(const std::string& text, std::size_t cursor, const Lines& lines);
  base::Json question(const std::string& text, std::size_t cursor, const Lines& lines) const;
  Answered answered(const base::Json& question);

  Rival rival_;
  Options options_;
  std::string problem_;
};

}  // namespace app

// One suggestion through the whole pipeline: `rigpilot complete FILE:LINE:COL`.
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/command.h"
#include "app/console.h"
#include "app/evaluate/language.h"
#include "app/load.h"
#include "app/set_option.h"
#include "app/workspace.h"
#include "base/files.h"
#include "base/utf8.h"
#include "lsp/completion/explain.h"
#include "lsp/completion/nearby_text.h"
#include "lsp/completion/pipeline.h"
#include "lsp/documents/positions.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;

struct CompleteOptions {
  ModelOptions model;
  std::string place;
  bool json = false, explain = false;
  std::vector<std::string> set;
};

struct Place {
  std::string file;
  std::size_t line = 0, column = 0;  // from 1, in characters
};

std::optional<std::size_t> from_one(std::string_view text) {
  std::size_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

// FILE:LINE:COL; the file's name may hold colons itself.
std::optional<Place> parse_place(const std::string& text) {
  const std::size_t second = text.rfind(':');
  if (second == std::string::npos || second == 0) return std::nullopt;
  const std::size_t first = text.rfind(':', second - 1);
  if (first == std::string::npos || first == 0) return std::nullopt;
  const auto line = from_one(std::string_view(text).substr(first + 1, second - first - 1));
  const auto column = from_one(std::string_view(text).substr(second + 1));
  if (!line || !column) return std::nullopt;
  return Place{text.substr(0, first), *line, *column};
}

// The byte offset of a place, or a sentence on how far the text goes.
base::Result<std::size_t> offset_of(const Place& place, std::string_view text, const lsp::LineIndex& lines) {
  if (place.line > lines.lines())
    return fail(ErrorCode::InvalidInput, "{}: has {} lines, so there is no line {}", place.file,
                lines.lines(), place.line);
  const std::size_t begin = lines.line_begin(place.line - 1), end = lines.line_end(text, place.line - 1);
  const std::size_t columns = base::code_point_count(text.substr(begin, end - begin)) + 1;
  if (place.column > columns)
    return fail(ErrorCode::InvalidInput, "{}: line {} ends at column {}, so there is no column {}",
                place.file, place.line, columns, place.column);
  return lines.offset(text, {place.line - 1, place.column - 1}, lsp::PositionEncoding::Utf32);
}

Json position(std::string_view text, const lsp::LineIndex& lines, std::size_t offset) {
  const lsp::LineColumn place = lines.place(text, offset, lsp::PositionEncoding::Utf16);
  return {{"line", place.line}, {"character", place.column}};
}

Json to_json(const lsp::Completion& completion, std::string_view text, const lsp::LineIndex& lines,
             double load_ms) {
  Json items = Json::array();
  for (const lsp::Suggestion& item : completion.items)
    items.push_back(
        {{"insertText", item.text},
         {"range", {{"start", position(text, lines, item.begin)}, {"end", position(text, lines, item.end)}}},
         {"ghost", item.ghost},
         {"mean_logprob", item.mean_logprob},
         {"confidence", item.confidence}});
  const lsp::CompletionTimings& t = completion.timings;
  return {{"items", std::move(items)},
          {"reason", lsp::reason_name(completion.reason)},
          {"detail", completion.detail},
          {"prompt",
           {{"layout", completion.prompt.layout},
            {"tokens", completion.prompt.tokens},
            {"text", completion.prompt.text}}},
          {"raw_text", completion.raw_text},
          {"timings",
           {{"load_ms", load_ms},
            {"total_ms", t.total_ms},
            {"prompt_ms", t.prompt_ms},
            {"postprocess_ms", t.postprocess_ms},
            {"prompt_tokens", t.engine.prompt_tokens},
            {"prefill_tokens", t.engine.prefill_tokens},
            {"prefill_ms", t.engine.prefill_ms},
            {"decode_tokens", t.engine.decode_tokens},
            {"decode_ms", t.engine.decode_ms}}}};
}

// How the editor would show it: the line with the new text in grey; elsewhere than on a terminal the new text
// alone.
void print_ghost(const lsp::Suggestion& item, std::string_view text, std::size_t cursor,
                 const lsp::LineIndex& lines) {
  const std::size_t begin = lines.line_begin(lines.line_of(cursor));
  if (stdout_is_terminal()) print(text.substr(begin, cursor - begin));
  print(dim(item.ghost));
  if (!item.ghost.ends_with('\n')) print("\n");
}

int complete(const CompleteOptions& options) {
  const std::optional<Place> place = parse_place(options.place);
  if (!place)
    return wrong_use(fmt::format("'{}': expected FILE:LINE:COL, with line and column from 1", options.place));
  auto content = base::read_file(place->file);
  if (!content) return report(content.error());

  lsp::Query query;
  query.document = {.uri = "file://" + std::filesystem::absolute(place->file).lexically_normal().string(),
                    .language_id = language_of(place->file),
                    .content = std::make_shared<const std::string>(base::sanitize_utf8(*content))};
  query.invocation = lsp::Invocation::Explicit;
  const std::string_view text = query.document.text();
  const lsp::LineIndex lines(text);
  auto cursor = offset_of(*place, text, lines);
  if (!cursor) return report(cursor.error());
  query.cursor = *cursor;

  const auto given = settings_of(options.set);
  if (!given) return report(given.error());
  const auto start = std::chrono::steady_clock::now();
  auto model = load_model(options.model);
  if (!model) return report(model.error());
  const double load_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

  const lsp::CompletionSettings& settings = given->completion;
  engine::NgramIndex index;
  lsp::DocumentPaths paths;
  lsp::NearbyText nearby;
  // Drafts from it only save time, and reading it would take more.
  const engine::ModelInfo& info = (*model)->engine->info();
  if (info.architecture == engine::kCopyArchitecture || (info.takes_workspace && settings.mix_workspace)) {
    const std::filesystem::path folder = workspace_of(place->file);
    (*model)->use_noted_mixing({&folder, 1});
    auto workspace = read_workspace(folder, (*model)->tokenizer);
    if (workspace) index = (*workspace)->index(), paths = *(*workspace)->paths();
    else note(workspace.error().message);
  }
  auto completion = lsp::complete(query, {.model = **model, .settings = settings, .workspace = &index, .nearby = &nearby, .paths = &paths}, {});
  if (!completion) return report(completion.error());
  if (options.json) {
    print_json(to_json(*completion, text, lines, load_ms));
    return kDone;
  }
  for (const lsp::Suggestion& item : completion->items) print_ghost(item, text, query.cursor, lines);
  if (completion->items.empty())
    note(fmt::format("no suggestion here: {}{}{}", lsp::reason_name(completion->reason),
                     completion->detail.empty() ? "" : ", ", completion->detail));
  if (options.explain) {
    print(fmt::format("\nmodel    {}, loaded in {:.0f} ms\n", (*model)->name, load_ms));
    print(lsp::explain(query, *completion));
  }
  return kDone;
}

}  // namespace

void add_complete(CLI::App& program, Run& run) {
  CLI::App& command =
      *program.add_subcommand("complete", "One suggestion for a place in a file, as an editor would get it.");
  auto options = std::make_shared<CompleteOptions>();
  command
      .add_option("place", options->place,
                  "the file and the cursor: line and column from 1, the column in characters")
      ->type_name("FILE:LINE:COL")
      ->required();
  command.add_flag("--json", options->json,
                   "one line of JSON: items (range in LSP's terms: from 0, UTF-16), reason, prompt, timings");
  command.add_flag("--explain", options->explain,
                   "also what the model saw, what it wrote, and where the time went");
  add_model_options(command, options->model);
  add_set_option(command, options->set);
  add_engine_option(command, options->model);
  command.footer(R"(Examples:
  rigpilot complete examples/inventory.py:36:9
  rigpilot complete src/main.cpp:12:5 --json | jq -r '.items[0].insertText'
  rigpilot complete src/main.cpp:12:5 --explain --model ~/models/some-coder.gguf)");
  command.callback([options, &run] { run = [options] { return complete(*options); }; });
}

}  // namespace app

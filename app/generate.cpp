// Plain continuation of a prompt: `rigpilot generate`.
#include <memory>

#include "app/command.h"
#include "app/console.h"
#include "app/ids.h"
#include "app/load.h"
#include "tokenizer/stream_decoder.h"

namespace app {
namespace {

using base::Json;
using tokenizer::TokenId;

struct GenerateOptions {
  ModelOptions model;
  std::string prompt, ids, input;
  bool has_prompt = false, has_ids = false;
  bool special = false, json = false;
  int max_tokens = 64;
  engine::Sampling sampling;
};

// Ids need no vocabulary: a model without one still continues them. What is wrong with it is told only where
// it matters.
base::Result<std::unique_ptr<tokenizer::Tokenizer>> tokenizer_for(const GenerateOptions& options) {
  auto tokenizer = load_tokenizer_only(options.model);
  if (tokenizer || !options.has_ids) return tokenizer;
  if (!options.json) note(fmt::format("ids are printed instead of text ({})", tokenizer.error().message));
  return std::unique_ptr<tokenizer::Tokenizer>();
}

base::Result<std::vector<TokenId>> prompt_ids(const GenerateOptions& options,
                                              const tokenizer::Tokenizer* tokenizer) {
  if (options.has_ids) return parse_ids(options.ids, "--ids");
  base::Result<std::string> text = options.has_prompt ? options.prompt : read_input(options.input);
  if (!text) return base::forward(text);
  std::vector<TokenId> ids = encode_document(*tokenizer, *text, options.special);
  if (ids.empty())
    return base::fail(base::ErrorCode::InvalidInput, "the prompt is empty: there is nothing to continue");
  return ids;
}

Json to_json(const engine::Generation& made, const tokenizer::Tokenizer* tokenizer, double load_ms) {
  return {{"ids", made.ids},
          {"text", tokenizer ? Json(tokenizer->decode(made.ids)) : Json(nullptr)},
          {"stop", engine::stop_reason_name(made.stop)},
          {"timings",
           {{"load_ms", load_ms},
            {"prefill_tokens", made.timings.prefill_tokens},
            {"prefill_ms", made.timings.prefill_ms},
            {"decode_tokens", made.timings.decode_tokens},
            {"decode_ms", made.timings.decode_ms}}}};
}

int generate(const GenerateOptions& options) {
  if (int(options.has_prompt) + int(options.has_ids) + int(!options.input.empty()) != 1)
    return wrong_use(
        "generate: expected exactly one of --prompt TEXT, --ids 1,2,3 and - (the prompt from stdin)");
  if (options.has_ids)
    if (auto ids = parse_ids(options.ids, "--ids"); !ids) return wrong_use(ids.error().message);
  auto tokenizer = tokenizer_for(options);
  if (!tokenizer) return report(tokenizer.error());
  auto prompt = prompt_ids(options, tokenizer->get());
  if (!prompt) return report(prompt.error());
  auto engine = load_engine_only(options.model);
  if (!engine) return report(engine.error());

  engine::GenerateRequest request{.prompt = std::move(*prompt),
                                  .max_tokens = options.max_tokens,
                                  .sampling = options.sampling,
                                  .end_ids = (*engine)->info().end_ids};
  if (*tokenizer)
    request.end_ids.insert(request.end_ids.end(), (*tokenizer)->end_ids().begin(),
                           (*tokenizer)->end_ids().end());
  std::optional<tokenizer::StreamDecoder> stream;
  if (*tokenizer && !options.json) stream.emplace(**tokenizer);
  const auto on_token = [&](const engine::GeneratedToken& token) {
    if (stream) print(stream->push(token.id));
    return engine::Verdict::Continue;
  };
  auto made = (*engine)->generate(request, on_token, {});
  if (!made) return report(made.error());
  if (options.json) {
    print_json(to_json(*made, tokenizer->get(), (*engine)->info().load_ms));
  } else if (stream) {
    print(stream->finish());
    if (stdout_is_terminal()) print("\n");
  } else {
    print(join_ids(made->ids) + "\n");
  }
  return kDone;
}

std::string check_input(const std::string& value) {
  return value == "-" ? std::string() : fmt::format("'{}': expected -, or the text after --prompt", value);
}

}  // namespace

void add_generate(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("generate", "Continues a prompt, as plain text generation.");
  auto options = std::make_shared<GenerateOptions>();
  CLI::Option* prompt =
      command.add_option("--prompt,-p", options->prompt, "the text to continue")->type_name("TEXT");
  CLI::Option* ids =
      command.add_option("--ids", options->ids, "token ids to continue; the model needs no tokenizer then")
          ->type_name("1,2,3");
  command.add_option("input", options->input, "- reads the prompt from stdin")
      ->type_name("-")
      ->check(CLI::Validator(check_input, "", ""));
  command.add_option("--max-tokens,-n", options->max_tokens, "the most tokens to write (default 64)")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 24));
  command
      .add_option("--temperature", options->sampling.temperature,
                  "0 takes the likeliest token, higher values vary (default 0)")
      ->type_name("T")
      ->check(CLI::Range(0.0, 100.0));
  command
      .add_option("--top-k", options->sampling.top_k,
                  "choose among the K likeliest; 0: among all (default 0)")
      ->type_name("K")
      ->check(CLI::Range(0, 1 << 24));
  command
      .add_option("--top-p", options->sampling.top_p,
                  "choose among the likeliest that add up to P (default 1)")
      ->type_name("P")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--min-p", options->sampling.min_p,
                  "choose among those at least P times as likely as the likeliest (default 0)")
      ->type_name("P")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--seed", options->sampling.seed, "the same seed gives the same text (default 0)")
      ->type_name("S");
  command.add_flag("--special", options->special,
                   "special tokens written out in the prompt are those tokens");
  command.add_flag("--json", options->json, "one line of JSON: ids, text, stop, timings");
  add_model_options(command, options->model);
  command.footer(R"(Examples:
  rigpilot generate --prompt 'def fibonacci(n):' --max-tokens 48
  git diff | rigpilot generate - --temperature 0.7 --top-p 0.95 --seed 7
  rigpilot generate --model ./checkpoint --ids 1,2,3 --json)");
  command.callback([=, &run] {
    options->has_prompt = prompt->count() > 0;
    options->has_ids = ids->count() > 0;
    run = [options] { return generate(*options); };
  });
}

}  // namespace app

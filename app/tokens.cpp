// A text's token ids, and the text of ids: `rigpilot tokens`.
#include <memory>
#include <string>
#include <vector>

#include "app/command.h"
#include "app/console.h"
#include "app/ids.h"
#include "app/load.h"

namespace app {
namespace {

struct TokensOptions {
  ModelOptions model;
  std::vector<std::string> inputs;
  bool special = false, json = false, decode = false;
};

int decode(const TokensOptions& options, const tokenizer::Tokenizer& tokenizer, const std::string& input, const std::string& name) {
  auto ids = parse_ids(input, name);
  if (!ids) return report(ids.error());
  for (const tokenizer::TokenId id : *ids)
    if (static_cast<std::size_t>(id) >= tokenizer.vocab_size())
      return report({base::ErrorCode::InvalidInput, fmt::format("{}: id {} is outside the vocabulary of {} tokens", name, id, tokenizer.vocab_size())});
  const std::string text = tokenizer.decode(*ids, options.special);
  if (options.json)
    print_json({{"text", text}});
  else
    print(text);
  return kDone;
}

int encode(const TokensOptions& options, const tokenizer::Tokenizer& tokenizer, const std::string& input) {
  const std::vector<tokenizer::TokenId> ids = tokenizer.encode(input, {.parse_special = options.special});
  if (options.json)
    print_json({{"ids", ids}});
  else
    print(join_ids(ids) + "\n");
  return kDone;
}

int tokens(const TokensOptions& options) {
  std::vector<std::string> inputs;
  for (const std::string& name : options.inputs) {
    auto input = read_input(name);
    if (!input) return report(input.error());
    inputs.push_back(std::move(*input));
  }
  auto tokenizer = load_tokenizer_only(options.model);
  if (!tokenizer) return report(tokenizer.error());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const int done = options.decode ? decode(options, **tokenizer, inputs[i], options.inputs[i]) : encode(options, **tokenizer, inputs[i]);
    if (done != kDone) return done;
  }
  return kDone;
}

}  // namespace

void add_tokens(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("tokens", "The token ids of a text, or the text of token ids; of several, one after the other.");
  auto options = std::make_shared<TokensOptions>();
  command.add_option("input", options->inputs, "the text, or with --decode the ids; - is stdin")->type_name("FILE")->required();
  command.add_flag("--decode", options->decode, "from ids (1 2 3, or 1,2,3, or what --json printed) to text");
  command.add_flag("--special", options->special,
                   "special tokens written out in the text are those tokens; with --decode they are shown");
  command.add_flag("--json", options->json, "one line of JSON a file: ids; with --decode: text");
  add_model_name(command, options->model);
  command.footer(R"(No token is put before or after the text's own.

Examples:
  rigpilot tokens src/main.cpp | wc -w
  echo 'int main() {' | rigpilot tokens - --json
  echo '1604 3987' | rigpilot tokens - --decode)");
  command.callback([options, &run] { run = [options] { return tokens(*options); }; });
}

}  // namespace app

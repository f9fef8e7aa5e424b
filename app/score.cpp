// How likely a text is to a model: `rigpilot score`.
#include <cmath>
#include <memory>
#include <numbers>

#include "app/command.h"
#include "app/console.h"
#include "app/ids.h"
#include "app/load.h"

namespace app {
namespace {

using base::Json;
using tokenizer::TokenId;

struct ScoreOptions {
  ModelOptions model;
  std::string input, ids;
  bool has_ids = false, json = false;
};

struct Scored {
  std::vector<TokenId> ids;
  std::size_t bytes = 0;        // of the text; 0 where unknown
  std::vector<float> logprobs;  // of ids[1] and so on
  double nll() const {
    double sum = 0;
    for (const float logprob : logprobs) sum -= logprob;
    return sum;
  }
};

// bits_per_byte is the cost of the whole text; without a vocabulary nobody knows how many bytes it has.
Json bits_per_byte(const Scored& scored) {
  if (scored.bytes == 0) return nullptr;
  return scored.nll() / std::numbers::ln2 / static_cast<double>(scored.bytes);
}

void print_scored(const Scored& scored, const tokenizer::Tokenizer* tokenizer) {
  for (std::size_t i = 0; i < scored.ids.size(); ++i) {
    const std::string logprob = i == 0 ? "-" : fmt::format("{:.4f}", scored.logprobs[i - 1]);
    const std::string text = tokenizer ? base::dump_json(std::string(tokenizer->bytes(scored.ids[i]))) : "";
    print(fmt::format("{:>10} {:>10}  {}\n", scored.ids[i], logprob, text));
  }
  const double count = static_cast<double>(scored.logprobs.size());
  print(fmt::format("tokens {}, nll {:.4f}", scored.ids.size(), scored.nll()));
  if (!scored.logprobs.empty()) print(fmt::format(", perplexity {:.4f}", std::exp(scored.nll() / count)));
  if (const Json bits = bits_per_byte(scored); !bits.is_null())
    print(fmt::format(", bits per byte {:.4f}", bits.get<double>()));
  print("\n");
}

void print_scored_json(const Scored& scored) {
  Json tokens = Json::array();
  for (std::size_t i = 0; i < scored.ids.size(); ++i)
    tokens.push_back(
        {{"id", scored.ids[i]}, {"logprob", i == 0 ? Json(nullptr) : Json(scored.logprobs[i - 1])}});
  print_json(
      {{"tokens", std::move(tokens)}, {"nll", scored.nll()}, {"bits_per_byte", bits_per_byte(scored)}});
}

base::Result<Scored> read_ids(const ScoreOptions& options, const tokenizer::Tokenizer* tokenizer) {
  Scored scored;
  if (options.has_ids) {
    auto ids = parse_ids(options.ids, "--ids");
    if (!ids) return base::forward(ids);
    scored.ids = std::move(*ids);
    if (tokenizer) scored.bytes = tokenizer->decode(scored.ids).size();
    return scored;
  }
  auto text = read_input(options.input);
  if (!text) return base::forward(text);
  scored.bytes = text->size();
  scored.ids = encode_document(*tokenizer, *text, false);
  if (scored.bytes == 0)
    return base::fail(base::ErrorCode::InvalidInput, "{}: is empty, so there is nothing to score",
                      options.input);
  return scored;
}

int score(const ScoreOptions& options) {
  if (options.has_ids == !options.input.empty())
    return wrong_use("score: expected exactly one of FILE and --ids 1,2,3");
  if (options.has_ids)
    if (auto ids = parse_ids(options.ids, "--ids"); !ids) return wrong_use(ids.error().message);
  auto loaded = load_tokenizer_only(options.model);
  if (!loaded && !options.has_ids) return report(loaded.error());
  const tokenizer::Tokenizer* tokenizer = loaded ? loaded->get() : nullptr;
  auto scored = read_ids(options, tokenizer);
  if (!scored) return report(scored.error());
  auto engine = load_engine_only(options.model);
  if (!engine) return report(engine.error());
  auto logprobs = (*engine)->score(scored->ids, {});
  if (!logprobs) return report(logprobs.error());
  scored->logprobs = std::move(*logprobs);
  if (options.json)
    print_scored_json(*scored);
  else
    print_scored(*scored, tokenizer);
  return kDone;
}

}  // namespace

void add_score(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand(
      "score", "The log-probability of each token of a text, their total, bits per byte.");
  auto options = std::make_shared<ScoreOptions>();
  command.add_option("input", options->input, "the text; - is stdin")->type_name("FILE");
  CLI::Option* ids =
      command.add_option("--ids", options->ids, "token ids to score; the model needs no tokenizer then")
          ->type_name("1,2,3");
  command.add_flag("--json", options->json,
                   "one line of JSON: tokens (id, logprob; the first has none), nll, bits_per_byte");
  add_model_options(command, options->model);
  command.footer(
      R"(Log-probabilities are natural; nll is minus their sum; bits per byte is nll / ln 2 over the bytes of the text.

Examples:
  rigpilot score src/main.cpp
  rigpilot score --model ./checkpoint --ids 1,2,3 --json)");
  command.callback([=, &run] {
    options->has_ids = ids->count() > 0;
    run = [options] { return score(*options); };
  });
}

}  // namespace app

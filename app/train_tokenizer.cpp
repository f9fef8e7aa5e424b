// A vocabulary from a corpus: `rigpilot train-tokenizer`.
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "app/command.h"
#include "app/console.h"
#include "base/files.h"
#include "base/machine.h"
#include "engine/train/data/corpus_source.h"
#include "tokenizer/train/bpe_trainer.h"
#include "tokenizer/train/hf_json_trained.h"

namespace app {
namespace {

namespace fs = std::filesystem;

// What the default model's texts are made of; tokenizer/fim.cpp knows these names.
const std::vector<std::string> kMarkers = {"<|endoftext|>",  "<|fim_prefix|>", "<|fim_middle|>",
                                           "<|fim_suffix|>", "<|fim_suffix_first|>", "<|repo_name|>",
                                           "<|file_sep|>"};

struct TokenizerOptions {
  std::vector<fs::path> corpus;
  fs::path out;
  std::size_t vocab_size = 8192;
  std::uint64_t min_frequency = 2;
  std::string cuts = "code";
  std::vector<std::string> special = kMarkers;
  int threads = 0;
  bool json = false;
};

// Each thread takes the next document until there is none; their counts are added up.
base::Result<tokenizer::WordCounts> count_words(const engine::CorpusSource& corpus,
                                                const tokenizer::PreTokenizer& cuts, int threads) {
  std::atomic<std::size_t> next = 0;
  std::mutex lock;
  base::Result<void> outcome;
  std::vector<tokenizer::WordCounts> counts(static_cast<std::size_t>(threads));
  ProgressBar bar("counting words");
  const auto work = [&](std::size_t thread) {
    for (std::size_t i; (i = next.fetch_add(1)) < corpus.size();) {
      const auto document = corpus.document(i);
      if (!document) {
        const std::scoped_lock held(lock);
        outcome = base::forward(document);
        next = corpus.size();
        return;
      }
      counts[thread].add(document->text, cuts);
      if (thread == 0) bar.show(double(i) / double(corpus.size()));
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < counts.size(); ++i) others.emplace_back(work, i);
    work(0);
  }
  if (!outcome) return base::forward(outcome);
  for (std::size_t i = 1; i < counts.size(); ++i) counts[0].absorb(counts[i]);
  return std::move(counts[0]);
}

base::Result<void> write(const TokenizerOptions& options, const tokenizer::TrainedBpe& trained,
                         const tokenizer::Cuts& cuts) {
  if (options.out.extension() == ".json")
    return base::write_file_atomic(options.out, tokenizer::hf_json_of(trained, cuts));
  if (auto done = base::write_file_atomic(options.out / "tokenizer.json", tokenizer::hf_json_of(trained, cuts)); !done)
    return done;
  base::Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  if (!trained.special.empty()) config["eos_token"] = trained.special.front();
  return base::write_file_atomic(options.out / "tokenizer_config.json", base::dump_json_pretty(config));
}

int train_tokenizer(const TokenizerOptions& options) {
  auto cuts = tokenizer::find_cuts(options.cuts);
  if (!cuts) return wrong_use(cuts.error().with("--cuts").message);
  auto steps = cuts->steps();
  if (!steps) return report(steps.error());
  auto corpus = engine::CorpusSource::open(options.corpus);
  if (!corpus) return report(corpus.error());
  const int threads = options.threads > 0 ? options.threads : std::max(1, base::describe_machine().threads);
  auto words = count_words(*corpus, *steps, threads);
  if (!words) return report(words.error());
  ProgressBar bar("merging");
  auto trained = tokenizer::train_bpe(
      *words, {.vocab_size = options.vocab_size, .min_frequency = options.min_frequency, .special = options.special},
      [&](double fraction) { bar.show(fraction); }, {});
  if (!trained) return report(trained.error().with("--vocab"));
  if (auto written = write(options, *trained, *cuts); !written) return report(written.error());
  const std::size_t size = trained->special.size() + trained->tokens.size();
  if (options.json)
    print_json({{"path", options.out.string()}, {"vocab", size}, {"words", words->words().size()}, {"bytes", corpus->bytes()}});
  else
    print(fmt::format("{}: {} tokens, from {} different words in {}\n", options.out.string(), size,
                      words->words().size(), human_bytes(double(corpus->bytes()))));
  return kDone;
}

}  // namespace

void add_train_tokenizer(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("train-tokenizer", "Learn a vocabulary (byte-level BPE) from a corpus.");
  auto options = std::make_shared<TokenizerOptions>();
  command
      .add_option("corpus", options->corpus, "files of text, shards of JSON lines with a field \"text\", or folders of either")
      ->type_name("CORPUS")
      ->required();
  command.add_option("--out,-o", options->out, "a .json file, or a folder that gets tokenizer.json")->type_name("OUT")->required();
  command.add_option("--vocab", options->vocab_size, "how many tokens in all (default 8192)")
      ->type_name("N")
      ->check(CLI::Range(256, 1 << 20));
  command.add_option("--min-frequency", options->min_frequency, "a pair that stands less often is not merged (default 2)")
      ->type_name("N");
  command
      .add_option("--cuts", options->cuts,
                  "what no token reaches across: code (line ends and digits stand alone), gpt2 or starcoder (default code)")
      ->type_name("NAME");
  command.add_option("--special", options->special, "special tokens, in order (default: those of fill-in-the-middle)")
      ->type_name("TOKEN")
      ->expected(0, -1);
  command.add_option("--threads", options->threads, "CPU threads (default: all)")->type_name("N")->check(CLI::Range(0, 1024));
  command.add_flag("--json", options->json, "one line of JSON: path, vocab, words, bytes");
  command.footer(R"(The merges are those that the trainer of Hugging Face's tokenizers learns from the same text with the same settings.

Examples:
  rigpilot train-tokenizer src --out my-model
  rigpilot train-tokenizer shards/*.jsonl --vocab 16384 --out tokenizer.json)");
  command.callback([&run, options] { run = [options] { return train_tokenizer(*options); }; });
}

}  // namespace app

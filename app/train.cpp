// A model from nothing: `rigpilot train`.
#include <cmath>
#include <fstream>
#include <memory>
#include <stop_token>
#include <thread>

#include "app/command.h"
#include "app/console.h"
#include "app/finetune/message_data.h"
#include "app/process/interrupt.h"
#include "app/train_log.h"
#include "app/train_page.h"
#include "app/train_settings.h"
#include "app/train_start.h"
#include "base/files.h"
#include "engine/convert/hf_config_write.h"
#include "engine/training.h"
#include "tokenizer/load.h"
#include "tokenizer/train/hf_json_trained.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;

constexpr double kHeldOutMessages = 0.1;

struct TrainOptions {
  TrainSettings given;
  std::vector<std::string> named;  // the settings that the command line names
  std::string preset;
  fs::path out;
  bool resume = false, json = false;
  engine::Ranks ranks;
  std::int64_t decay_now = 0;
};

// Every setting the command line names wins over the preset's, or over those that the training began with.
Result<TrainSettings> settings_of(const TrainOptions& options, const CLI::App& command, const Preset* preset) {
  TrainSettings settings;
  if (options.resume) {
    auto text = base::read_file(options.out / "train.json");
    if (!text) return base::forward(text, "--resume");
    const auto json = base::parse_json(*text, (options.out / "train.json").string());
    if (!json) return base::forward(json);
    auto read = from_json(*json);
    if (!read) return base::forward(read, (options.out / "train.json").string());
    settings = std::move(*read);
  } else if (preset) {
    settings = preset->settings;
  }
  if (!options.given.corpus.empty()) settings.corpus = options.given.corpus;
  TrainSettings given = options.given;
  const base::Json from = to_json(given);
  base::Json to = to_json(settings);
  visit(given, [&](auto&, const char* name, const char*, const char*) {
    if (command.count(std::string("--") + name) > 0) to[name] = from[name];
  });
  return from_json(to);
}

// One token a byte, and one that ends a text.
Result<void> write_byte_vocabulary(const fs::path& folder) {
  const auto trained = tokenizer::train_bpe({}, {.vocab_size = 257, .special = {"<|endoftext|>"}}, {}, {});
  if (!trained) return base::forward(trained);
  return base::write_file_atomic(folder / "tokenizer.json", tokenizer::hf_json_of(*trained, *tokenizer::find_cuts("code")));
}

Result<void> bring_vocabulary(const std::string& from, const fs::path& out) {
  if (from.empty())
    return base::fail(ErrorCode::InvalidInput, "--tokenizer is missing: expected a tokenizer.json; `rigpilot train-tokenizer` makes one");
  if (auto made = base::write_file_atomic(out / "tokenizer_config.json",
                                          R"({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>",
 "clean_up_tokenization_spaces": false})");
      !made)
    return made;
  if (from == "bytes") return write_byte_vocabulary(out);
  const fs::path path = fs::is_directory(from) ? fs::path(from) / "tokenizer.json" : fs::path(from);
  auto text = base::read_file(path);
  if (!text) return base::forward(text, "--tokenizer");
  return base::write_file_atomic(out / "tokenizer.json", *text);
}

// The shape of --config, or the preset's, with this vocabulary and context.
Result<engine::ModelConfig> shape_of(const TrainSettings& settings, const TrainOptions& options, const Preset* preset,
                                     const tokenizer::Tokenizer& tokenizer) {
  engine::ModelConfig config;
  if ((options.resume || !settings.start.empty()) && fs::exists(options.out / "config.json")) {
    auto read = engine::read_hf_config(options.out);
    if (!read) return base::forward(read);
    if (settings.context > read->context_length)
      return base::fail(ErrorCode::InvalidInput, "--context {}: the model's context holds {} tokens", settings.context, read->context_length);
    return *read;
  }
  std::string given;
  if (!settings.config.empty()) {
    auto text = base::read_file(settings.config);
    if (!text) return base::forward(text, "--config");
    auto read = engine::parse_hf_config(*text, settings.config);
    if (!read) return base::forward(read);
    config = std::move(*read), given = std::move(*text);
  } else if (preset) {
    config = preset->shape;
  } else {
    return base::fail(ErrorCode::InvalidInput, "the model has no shape: expected --preset or --config");
  }
  config.vocab_size = std::int64_t(tokenizer.vocab_size());
  config.context_length = settings.context;
  config.end_ids.assign(tokenizer.end_ids().begin(), tokenizer.end_ids().end());
  if (given.empty()) return config;
  // As it will be read again: the context decides how some stretch their positions.
  auto written = engine::hf_config_like(given, settings.config, config);
  if (!written) return base::forward(written);
  return engine::parse_hf_config(*written, settings.config);
}

// Corpora that `preset shakespeare` splits itself: the first nine tenths of one text, and the last.
Result<void> split_text(TrainSettings& settings, const fs::path& out) {
  if (!settings.validation.empty() || settings.corpus.size() != 1) return {};
  fs::path path = settings.corpus[0];
  if (fs::is_directory(path) && fs::exists(path / "input.txt")) path /= "input.txt";
  if (path.extension() != ".txt") return {};
  auto text = base::read_file(path);
  if (!text) return base::forward(text);
  std::size_t cut = text->find('\n', text->size() / 10 * 9);
  if (cut == std::string::npos) return {};
  for (const auto& [name, part] : {std::pair{"train.txt", text->substr(0, cut + 1)}, {"validation.txt", text->substr(cut + 1)}})
    if (auto written = base::write_file_atomic(out / "data" / name, part); !written) return written;
  settings.corpus = {(out / "data" / "train.txt").string()};
  settings.validation = (out / "data" / "validation.txt").string();
  return {};
}

// --messages: conversations, a document each.
Result<void> bring_messages(TrainSettings& settings, const fs::path& out) {
  if (settings.messages.empty()) return {};
  const auto data = make_message_data(settings.messages, kHeldOutMessages, out / "data");
  if (!data) return base::forward(data, "--messages");
  settings.corpus.push_back(data->train.string());
  if (data->held_out_conversations > 0 && settings.validation.empty()) settings.validation = data->held_out.string();
  return {};
}

engine::Schedule schedule_of(const TrainSettings& s) {
  return {.kind = s.schedule == "cosine" ? engine::Schedule::Kind::Cosine : engine::Schedule::Kind::Wsd,
          .peak = s.rate, .steps = s.steps, .warmup = s.warmup, .decay = s.decay, .least = s.least_rate};
}

engine::SequenceOptions sequences_of(const TrainSettings& s) {
  return {.context = std::size_t(s.context), .fim = s.fim, .suffix_first = s.suffix_first, .header = s.header, .packed = s.packed, .import_dropout = s.import_dropout,
          .holes = {.characters = s.hole_characters, .lines = s.hole_lines, .block = s.hole_blocks, .rest_of_line = s.hole_rests}, .seed = std::uint64_t(s.seed)};
}

Result<void> check(const TrainSettings& s) {
  const auto wrong = [](const char* name, const auto& value, const char* expected) {
    return base::fail(ErrorCode::InvalidInput, "--{} {}: expected {}", name, value, expected);
  };
  if (s.corpus.empty() && s.messages.empty()) return base::fail(ErrorCode::InvalidInput, "there is nothing to train on: expected a corpus, or --messages");
  if (s.schedule != "wsd" && s.schedule != "cosine") return wrong("schedule", s.schedule, "wsd or cosine");
  if (s.optimizer != "muon" && s.optimizer != "adamw") return wrong("optimizer", s.optimizer, "muon or adamw");
  if (s.dtype != "auto" && s.dtype != "bf16" && s.dtype != "f32") return wrong("dtype", s.dtype, "auto, bf16 or f32");
  if (s.context < 16) return wrong("context", s.context, "at least 16");
  if (s.steps < 1) return wrong("steps", s.steps, "at least 1");
  if (s.decay < 0 || s.decay > s.steps) return wrong("decay", s.decay, "at most --steps");
  if (s.micro_tokens < s.context) return wrong("micro-tokens", s.micro_tokens, "at least --context");
  if (s.step_tokens < 1) return wrong("step-tokens", s.step_tokens, "at least 1");
  for (const auto& [name, share] : {std::pair{"hole-characters", s.hole_characters}, {"hole-lines", s.hole_lines}, {"hole-blocks", s.hole_blocks}, {"hole-rests", s.hole_rests}})
    if (!(share >= 0)) return wrong(name, share, "at least 0");
  if (s.fim > 0 && !(s.hole_characters + s.hole_lines + s.hole_blocks + s.hole_rests > 0)) return wrong("hole-lines", s.hole_lines, "one kind of hole with a share above 0");
  if (!(s.hole_weight > 0)) return wrong("hole-weight", s.hole_weight, "more than 0");
  if (!(s.rate > 0)) return wrong("rate", s.rate, "more than 0");
  return {};
}

// From here the learning rate falls, for `steps` steps, and that is the end.
void decay_from(std::int64_t step, std::int64_t steps, TrainSettings& settings) {
  settings.steps = step + steps, settings.decay = steps;
}

// --start: the folder's small files go to `out`, its weights are found again where the training resumes.
Result<fs::path> start_weights(const TrainSettings& settings) {
  if (settings.start.empty()) return fs::path();
  auto start = find_start(settings.start);
  if (!start) return base::forward(start, "--start");
  return start->weights;
}

Result<void> bring_start(const TrainSettings& settings, const fs::path& out) {
  auto start = find_start(settings.start);
  if (!start) return base::forward(start, "--start");
  return bring_model(*start, out);
}

// What config.json says of a model from nothing; somebody's model has its own already.
Result<std::string> config_text(const TrainSettings& settings, const TrainOptions& options, const engine::ModelConfig& config) {
  if (!settings.start.empty()) return std::string();
  if (const fs::path written = options.out / "config.json"; options.resume && fs::exists(written)) return base::read_file(written);
  if (settings.config.empty()) return engine::hf_config_of(config, "float32");
  auto text = base::read_file(settings.config);
  if (!text) return base::forward(text, "--config");
  return engine::hf_config_like(*text, settings.config, config);
}

int run_training(const TrainSettings& settings, const engine::ModelConfig& config, const tokenizer::Tokenizer& tokenizer,
                 const TrainOptions& options) {
  std::vector<fs::path> paths(settings.corpus.begin(), settings.corpus.end());
  auto corpus = engine::CorpusSource::open(paths);
  if (!corpus) return report(corpus.error());
  auto data = engine::SequenceStream::make(*corpus, tokenizer, sequences_of(settings));
  if (!data) return report(data.error());
  auto start = start_weights(settings);
  if (!start) return report(start.error());
  auto config_json = config_text(settings, options, config);
  if (!config_json) return report(config_json.error());
  engine::TrainRequest request{.config = config, .start = *start, .out = options.out, .config_json = *config_json,
                               .checkpoint = options.out / "checkpoint.safetensors", .recompute = settings.recompute, .data = &*data,
                               .schedule = schedule_of(settings), .step_tokens = settings.step_tokens, .micro_tokens = settings.micro_tokens,
                               .validation_tokens = settings.validation_tokens, .validate_every = settings.validate_every,
                               .checkpoint_seconds = settings.checkpoint_minutes * 60, .seed = std::uint64_t(settings.seed),
                               .device = settings.device,
                               .dtype = settings.dtype, .threads = int(settings.threads)};
  request.ranks = options.ranks, request.hole_weight = settings.hole_weight;
  request.optimizer.muon = settings.optimizer == "muon";
  request.optimizer.weight_decay = settings.weight_decay, request.optimizer.clip = settings.clip;
  std::optional<engine::CorpusSource> held_out;
  std::optional<engine::SequenceStream> validation;
  if (!settings.validation.empty()) {
    auto opened = engine::CorpusSource::open(std::vector<fs::path>{settings.validation});
    if (!opened) return report(opened.error().with("--validation"));
    held_out.emplace(std::move(*opened));
    engine::SequenceOptions plain = sequences_of(settings);
    plain.fim = 0, plain.header = 0, plain.packed = 0, plain.import_dropout = 0;
    auto made = engine::SequenceStream::make(*held_out, tokenizer, plain);
    if (!made) return report(made.error().with("--validation"));
    validation.emplace(std::move(*made));
    request.validation = &*validation;
  }
  Interrupt interrupt;
  std::stop_source stop;
  TrainLog log(options.out, request.schedule.steps);
  const bool leads = options.ranks.rank == 0;
  auto events = leads ? log.events() : engine::TrainEvents{};
  events.step = [&, tell = events.step](const engine::StepReport& step) {
    if (tell) tell(step);
    if (interrupt.asked()) stop.request_stop();
  };
  const auto done = engine::train_model(request, events, stop.get_token());
  log.end();
  if (const auto metrics = base::read_file(options.out / "metrics.jsonl"); leads && metrics)
    if (auto drawn = base::write_file_atomic(options.out / "curve.html", curve_page(options.out.string(), *metrics)); !drawn) note(drawn.error().message);
  if (!done) return report(done.error());
  if (options.json)
    print_json({{"path", options.out.string()}, {"steps", done->steps}, {"tokens", done->tokens}, {"parameters", done->parameters},
                {"validation_loss", done->validation_loss}, {"bits_per_byte", done->nats_per_byte / std::log(2.0)}, {"finished", done->finished}});
  else
    print(fmt::format("{}: {} steps, {} tokens{}\n", options.out.string(), done->steps, done->tokens,
                      !done->finished ? "; stopped: --resume goes on"
                      : validation    ? fmt::format(", validation loss {:.4f} nats a token, {:.4f} bits a byte", done->validation_loss,
                                                    done->nats_per_byte / std::log(2.0))
                                      : ""));
  return kDone;
}

// A process beside the first begins with what that one has laid out: its settings and its vocabulary.
Result<void> meet_others(TrainOptions& options) {
  const engine::Ranks& r = options.ranks;
  if (r.count == 1) return {};
  if (r.rank < 0 || r.rank >= r.count) return base::fail(ErrorCode::InvalidInput, "--rank {}: expected 0 to {}, one for each of --ranks", r.rank, r.count - 1);
  if (r.meet.empty()) return base::fail(ErrorCode::InvalidInput, "--meet is missing: expected a file that all processes reach, or HOST:PORT of the first");
  if (r.rank == 0) return {};
  options.resume = true;
  std::error_code ignored;
  for (int tries = 0; tries < 600 && !fs::exists(options.out / "train.json", ignored); ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return {};
}

int train(TrainOptions options, const CLI::App& command) {
  std::optional<Preset> preset;
  if (!options.preset.empty()) {
    auto found = find_preset(options.preset);
    if (!found) return wrong_use(found.error().message);
    preset = std::move(*found);
  }
  const Preset* const chosen = preset ? &*preset : nullptr;
  if (auto met = meet_others(options); !met) return report(met.error());
  auto settings = settings_of(options, command, chosen);
  if (!settings) return report(settings.error());
  if (auto fine = check(*settings); !fine) return wrong_use(fine.error().message);
  if (!options.resume && fs::exists(options.out / "checkpoint.safetensors"))
    return report({ErrorCode::InvalidInput, fmt::format("{}: holds a training already; --resume goes on with it", options.out.string())});
  if (options.decay_now > 0) decay_from(TrainLog::last_checkpoint(options.out), options.decay_now, *settings);
  if (!options.resume) {
    auto brought = settings->start.empty() ? bring_vocabulary(settings->tokenizer, options.out) : bring_start(*settings, options.out);
    if (!brought) return report(brought.error());
    if (auto read = bring_messages(*settings, options.out); !read) return report(read.error());
    if (auto split = split_text(*settings, options.out); !split) return report(split.error());
  }
  auto tokenizer = tokenizer::load_tokenizer(options.out);
  if (!tokenizer) return report(tokenizer.error());
  auto config = shape_of(*settings, options, chosen, **tokenizer);
  if (!config) return report(config.error());
  if (options.ranks.rank > 0) return run_training(*settings, *config, **tokenizer, options);
  if (auto kept = base::write_file_atomic(options.out / "train.json", base::dump_json_pretty(to_json(*settings))); !kept) return report(kept.error());
  return run_training(*settings, *config, **tokenizer, options);
}

}  // namespace

void add_train(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("train", "Train a model from nothing: a Hugging Face folder from a corpus.");
  auto options = std::make_shared<TrainOptions>();
  command
      .add_option("corpus", options->given.corpus, "files of text, shards of JSON lines with a field \"text\", or folders of either")
      ->type_name("CORPUS");
  command.add_option("--out,-o", options->out, "the folder that gets the model, its checkpoint and metrics.jsonl")->type_name("FOLDER")->required();
  command.add_option("--preset", options->preset, "a whole recipe, which the other options change")->type_name("NAME");
  command.add_flag("--resume", options->resume, "go on with the training in FOLDER, with the settings it began with");
  command.add_option("--decay-now", options->decay_now, "with --resume: let the learning rate fall from here to 0 in so many steps, then end")
      ->type_name("N")->check(CLI::Range(1, 1 << 30));
  visit(options->given, [&](auto& value, const char* name, const char* type, const char* help) {
    command.add_option(std::string("--") + name, value, help)->type_name(type)->group("Settings");
  });
  command.add_option("--ranks", options->ranks.count, "train with so many processes, each started by hand with the same --out and --meet")->type_name("N")->check(CLI::Range(1, 1024))->group("Several processes");
  command.add_option("--rank", options->ranks.rank, "which of them this one is: 0 has the settings and writes, the others follow it")->type_name("I")->group("Several processes");
  command.add_option("--meet", options->ranks.meet, "where they meet: a new file that all of them reach, or HOST:PORT of the first")->type_name("PLACE")->group("Several processes");
  command.add_flag("--json", options->json, "one line of JSON at the end");
  command.footer(fmt::format(R"(Ctrl-C, a polite kill and a power cut lose at most what came after the last checkpoint; --resume then goes on,
to the same weights as without the stop.

Presets:{}

Examples:
  rigpilot train tinyshakespeare --preset shakespeare --out bard
  rigpilot train shards --preset code --tokenizer my-tokenizer --validation held-out.jsonl --out my-model
  rigpilot train --resume --out my-model --decay-now 500
  rigpilot train src --start my-model --rate 3e-4 --schedule cosine --steps 300 --out my-model-for-src)", preset_help()));
  command.callback([&run, options, &command] { run = [options, &command] { return train(*options, command); }; });
}

}  // namespace app

// `rigpilot model quantize`: a model as a smaller GGUF file, and what that costs in bits per byte of a text.
#include <chrono>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>

#include "app/console.h"
#include "app/ids.h"
#include "app/load.h"
#include "app/model_commands.h"
#include "app/store.h"
#include "engine/convert/quantize_model.h"

namespace app {
namespace {

struct QuantizeCommand {
  std::string source, out, quant, type, text, device = "auto";
  int threads = 0;
  bool force = false, json = false;
};

// What --quant and --type ask for together.
base::Result<base::GgmlType> wanted_type(const QuantizeCommand& command) {
  using base::GgmlType;
  if (command.type.empty()) return command.quant == "int8" ? GgmlType::Q8_0 : GgmlType::Q4_K;
  auto type = parse_block_type(command.type);
  if (!type) return type;
  const bool four = *type == GgmlType::Q4_0 || *type == GgmlType::Q4_1 || *type == GgmlType::Q4_K;
  if (!command.quant.empty() && (command.quant == "int4") != four)
    return base::fail(base::ErrorCode::InvalidInput, "--quant {} and --type {} disagree: leave one out", command.quant, command.type);
  return type;
}

// Computed in float32, so that only the weights differ.
base::Result<double> bits_per_byte(const std::string& path, const std::string& text, const QuantizeCommand& command) {
  const ModelOptions model{.model = path, .device = command.device, .dtype = "f32", .quant = "auto", .threads = command.threads, .engine = {}};
  const auto tokenizer = load_tokenizer_only(model);
  if (!tokenizer) return base::forward(tokenizer);
  const auto engine = load_engine_only(model);
  if (!engine) return base::forward(engine);
  const auto logprobs = (*engine)->score(encode_document(**tokenizer, text, false), {});
  if (!logprobs) return base::forward(logprobs);
  double nll = 0;
  for (const float logprob : *logprobs) nll -= double(logprob);
  return nll / std::numbers::ln2 / double(text.size());
}

struct Cost {
  double before = 0, after = 0;
};

void print_report(const QuantizeCommand& command, const engine::QuantizeReport& report, const std::string& source, const std::optional<Cost>& cost,
                  double seconds) {
  const double before = double(model_bytes(source)), after = double(model_bytes(command.out));
  if (command.json) {
    base::Json types = base::Json::object();
    for (const auto& [type, count] : report.weights_by_type) types[type] = count;
    base::Json out = {{"path", command.out}, {"bytes", model_bytes(command.out)}, {"source_bytes", model_bytes(source)}, {"weights", types},
                      {"relative_error", report.relative_error}, {"seconds", seconds}, {"bits_per_byte", nullptr}};
    if (cost) out["bits_per_byte"] = {{"before", cost->before}, {"after", cost->after}};
    return print_json(out);
  }
  print(fmt::format("{}: {}, {:.0f} % of {}'s {}\n", command.out, human_bytes(after), 100 * after / before, source, human_bytes(before)));
  for (const auto& [type, count] : report.weights_by_type) print(fmt::format("  {:<6} {:>10.2f} M weights\n", type, double(count) / 1e6));
  print(fmt::format("  quantised weights are off by {:.2f} % (rms)\n", 100 * report.relative_error));
  if (cost)
    print(fmt::format("  bits per byte of {}: {:.4f} before, {:.4f} after ({:+.2f} %)\n", command.text, cost->before, cost->after,
                      100 * (cost->after / cost->before - 1)));
}

int quantize(const QuantizeCommand& command) {
  const auto type = wanted_type(command);
  if (!type) return wrong_use(type.error().message);
  if (command.type.empty() && command.quant.empty()) return wrong_use("model quantize: expected --quant int8 or int4, or --type");
  if (std::filesystem::path(command.out).extension() != ".gguf") return wrong_use(fmt::format("{}: expected a name that ends in .gguf", command.out));
  const auto source = find_model(command.source);
  if (!source) return report(source.error());
  if (const auto free = check_free(command.out, command.force); !free) return report(free.error());
  std::string text;
  if (!command.text.empty()) {
    auto read = read_input(command.text);
    if (!read) return report(read.error());
    if (read->empty()) return report({base::ErrorCode::InvalidInput, command.text + ": is empty, so there is nothing to score"});
    text = std::move(*read);
  }
  const auto start = std::chrono::steady_clock::now();
  base::Result<engine::QuantizeReport> done;
  {
    ProgressBar bar("quantising");
    done = engine::quantize_model({.source = *source, .destination = command.out, .type = *type, .threads = command.threads},
                                  [&](double fraction) { bar.show(fraction); }, {});
  }
  if (!done) return report(done.error());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (done->source_type.starts_with('Q'))
    note(fmt::format("{} is quantised itself ({}): what that lost stays lost", source->string(), done->source_type));
  std::optional<Cost> cost;
  if (!text.empty()) {
    const auto before = bits_per_byte(source->string(), text, command);
    if (!before) return report(before.error());
    const auto after = bits_per_byte(command.out, text, command);
    if (!after) return report(after.error());
    cost = Cost{*before, *after};
  }
  print_report(command, *done, source->string(), cost, seconds);
  return kDone;
}

}  // namespace

void add_model_quantize(CLI::App& program, Run& run) {
  CLI::App& command = *program.add_subcommand("quantize", "Write a model as a smaller GGUF file, which llama.cpp reads too.");
  auto options = std::make_shared<QuantizeCommand>();
  command.add_option("source", options->source, "a Hugging Face folder, any .gguf file, or a name in the store")->type_name("SRC")->required();
  command.add_option("out", options->out, "the .gguf file to write")->type_name("DST")->required();
  command.add_option("--quant", options->quant, "int8 (Q8_0) or int4 (Q4_K, and Q4_1 where rows are no multiple of 256)")
      ->type_name("QUANT")->check(CLI::IsMember({"int8", "int4"}));
  command.add_option("--type", options->type, "the very format: q8_0, q4_0, q4_1, q4_k; also f32, f16, bf16")->type_name("TYPE");
  command.add_option("--text", options->text, "score this text with both models, and tell bits per byte before and after")->type_name("FILE");
  command.add_option("--device", options->device, "where --text is scored: auto, cpu, cuda or cuda:N (default auto)")->type_name("DEVICE");
  command.add_option("--threads", options->threads, "CPU threads (default: one a physical core)")->type_name("N")->check(CLI::Range(0, 1024));
  command.add_flag("--force", options->force, "replace what is there");
  command.add_flag("--json", options->json, "one line of JSON: path, bytes, source_bytes, weights, relative_error, seconds, bits_per_byte");
  command.footer(R"(Norms and biases stay in F32; in a 4-bit file the head, or the embedding that is the head too, is Q8_0.
docs/quantisation.md says what each format does to a model.

Examples:
  rigpilot model quantize ./SmolLM2-135M small.gguf --quant int8
  rigpilot model quantize ./Qwen2.5-Coder-0.5B coder.gguf --quant int4 --text src/main.cpp
  rigpilot model quantize big.gguf small.gguf --type q4_0)");
  command.callback([&run, options] { run = [options] { return quantize(*options); }; });
}

}  // namespace app

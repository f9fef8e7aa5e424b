// `rigpilot model random`: a model with random weights in the shape of a real one.
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "app/console.h"
#include "app/model_commands.h"
#include "app/store.h"
#include "engine/convert/random_model.h"
#include "engine/convert/shapes.h"
#include "tokenizer/fim.h"

namespace app {
namespace {

struct RandomOptions {
  std::string shape, out, type, fim = engine::RandomModel{}.fim;
  std::uint64_t seed = 0;
  std::int64_t layers = 0;
  bool force = false, json = false;
};

int random_model(const RandomOptions& options) {
  auto config = engine::find_shape(options.shape);
  if (!config) return wrong_use(config.error().message);
  if (tokenizer::fim_markers(options.fim).empty())
    return wrong_use(fmt::format("--fim {}: expected {}", options.fim, fmt::join(tokenizer::fim_families(), ", ")));
  if (options.layers > 0) config->layers = options.layers;
  engine::RandomModel model{.config = *config, .seed = options.seed, .fim = options.fim, .path = options.out};
  const bool gguf = model.path.extension() == ".gguf";
  const auto type = parse_block_type(options.type.empty() ? (gguf ? "q8_0" : "bf16") : options.type);
  if (!type) return wrong_use(type.error().message);
  model.type = *type;
  if (const auto free = check_free(model.path, options.force); !free) return report(free.error());
  {
    ProgressBar bar("writing");
    if (const auto done = engine::write_random_model(model, [&](double fraction) { bar.show(fraction); }); !done)
      return report(done.error());
  }
  const double bytes = double(model_bytes(model.path));
  if (options.json)
    print_json({{"path", options.out}, {"bytes", std::uint64_t(bytes)}, {"shape", options.shape}, {"type", block_type_name(*type)}});
  else
    print(fmt::format("{}: {}, random weights in the shape of {}, {}\n", options.out, human_bytes(bytes),
                      options.shape, block_type_name(*type)));
  return kDone;
}

}  // namespace

base::Result<base::GgmlType> parse_block_type(const std::string& name) {
  using base::GgmlType;
  for (const GgmlType type : {GgmlType::F32, GgmlType::F16, GgmlType::BF16, GgmlType::Q8_0, GgmlType::Q4_0, GgmlType::Q4_1, GgmlType::Q4_K})
    if (block_type_name(type) == name) return type;
  return base::fail(base::ErrorCode::InvalidInput, "--type {}: expected f32, f16, bf16, q8_0, q4_0, q4_1 or q4_k", name);
}

std::string block_type_name(base::GgmlType type) {
  std::string name(base::ggml_block(type)->name);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return name;
}

base::Result<void> check_free(const std::filesystem::path& path, bool force) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(path, ignored);
  const bool gguf = path.extension() == ".gguf";
  if (gguf && is_folder)
    return base::fail(base::ErrorCode::InvalidInput, "{}: is a folder, expected the name of a file", path.string());
  const bool taken = gguf ? std::filesystem::exists(path, ignored)
                          : is_folder ? !std::filesystem::is_empty(path, ignored) : std::filesystem::exists(path, ignored);
  if (!taken || (force && (gguf || is_folder))) return {};
  return base::fail(base::ErrorCode::InvalidInput, "{}: is there already{}", path.string(),
                    gguf || is_folder ? "; --force replaces it" : " and no folder");
}

void add_model_random(CLI::App& command, Run& run) {
  CLI::App& making = *command.add_subcommand("random", "Write a model with random weights, to measure speed and memory without a download.");
  auto options = std::make_shared<RandomOptions>();
  making.add_option("--like", options->shape, "whose shape: one of the list below")->type_name("SHAPE")->required();
  making.add_option("out", options->out, "a .gguf file, or a folder for safetensors")->type_name("OUT")->required();
  making.add_option("--type", options->type, "f32, f16, bf16; in a .gguf file also q8_0, q4_0, q4_1, q4_k (default bf16; in a .gguf file q8_0)")
      ->type_name("TYPE");
  making.add_option("--seed", options->seed, "another seed, other weights (default 0)")->type_name("N");
  making.add_option("--layers", options->layers, "other than the shape's own number of layers")->type_name("N")->check(CLI::Range(1, 4096));
  making.add_option("--fim", options->fim, fmt::format("how it is asked to fill in the middle, as which family: {} (default {})", fmt::join(tokenizer::fim_families(), ", "), options->fim))
      ->type_name("FAMILY");
  making.add_flag("--force", options->force, "replace what is there");
  making.add_flag("--json", options->json, "one line of JSON: path, bytes, shape, type");
  std::string shapes;
  for (const std::string& name : engine::shape_names()) shapes += "\n  " + name;
  making.footer(fmt::format(R"(It says nothing that makes sense, but computes what the real one computes: as many bytes, as many operations.
The vocabulary is synthetic, of the model's size, with a family's markers. The same seed gives the same file.

Shapes:{}

Examples:
  rigpilot model random --like smollm2-135m /tmp/small.gguf
  rigpilot model random --like qwen2.5-coder-0.5b /tmp/coder.gguf --type q4_0
  rigpilot model random --like qwen2.5-coder-1.5b /tmp/coder --type bf16)",
                            shapes));
  making.callback([&run, options] { run = [options] { return random_model(*options); }; });
}

}  // namespace app

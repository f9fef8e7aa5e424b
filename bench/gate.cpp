// What a model and a workspace said of the tokens that stood in holes: bench_gate MODEL HOLES FOLDER... asks the server's own pipeline at the ends of
// lines, as `rigpilot evaluate --kind 'rest of line'` does (another seed), and hands the model what stood there, token by token. Prints
// for each: how likely model and workspace held it, and what mixing_gate() looks at. bench/mixing_gate.py makes the weights of that.
#include <fmt/format.h>

#include <cstdlib>

#include "app/evaluate/run.h"
#include "engine/load.h"
#include "lsp/completion/mix_learning.h"
#include "tokenizer/load.h"

namespace {

constexpr std::uint64_t kSeed = 77;

base::Result<void> tell(const lsp::Model& model, const std::string& path, std::size_t most) {
  const auto folder = app::read_folder(path);
  if (!folder) return base::forward(folder);
  const engine::NgramIndex index = app::index_of(*folder, *model.tokenizer);
  const lsp::CompletionSettings settings;
  for (const app::Hole& hole : app::cut_holes_of(folder->code, app::HoleKind::Middle, kSeed, most)) {
    const app::SourceFile& file = folder->code[hole.file];
    const auto samples = lsp::take_hole_samples(app::query_at(*folder, file, hole), file.text.substr(hole.begin, hole.end - hole.begin), {.model = model, .settings = settings, .workspace = &index}, {});
    if (!samples) return base::forward(samples, file.path);
    for (const engine::MixSample& s : *samples) {
      const engine::MixEvidence& e = s.evidence;
      fmt::print("{:.6g} {:.6g} {:.6g} {} {:.6g} {:.6g} {:.6g}\n", s.model, s.workspace, e.certainty, e.length, e.model_certainty, e.model_on_workspace, e.workspace_on_model);
    }
  }
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return fmt::print(stderr, "usage: bench_gate MODEL HOLES FOLDER... > FILE\n"), 2;
  auto tokenizer = tokenizer::load_tokenizer(arguments[1]);
  if (!tokenizer) return fmt::print(stderr, "{}\n", tokenizer.error().message), 1;
  auto engine = engine::load_engine({.path = arguments[1]}, {}, {});
  if (!engine) return fmt::print(stderr, "{}\n", engine.error().message), 1;
  lsp::Model model;
  model.tokenizer = std::move(*tokenizer), model.fim = tokenizer::probe_fim(*model.tokenizer), model.engine = std::move(*engine);
  for (int i = 3; i < count; ++i) {
    fmt::print("# {}\n", arguments[i]);
    if (auto done = tell(model, arguments[i], std::size_t(std::atoi(arguments[2]))); !done) return fmt::print(stderr, "{}\n", done.error().message), 1;
  }
  return 0;
}

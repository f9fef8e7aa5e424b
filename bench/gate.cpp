// What a model and a workspace said of the tokens that stood in holes: bench_gate MODEL HOLES FOLDER... asks the server's own pipeline at the ends of
// lines, as `rigpilot evaluate --kind 'rest of line'` does (another seed), and hands the model what stood there, token by token. Prints
// for each: how likely model and workspace held it, and what mixing_gate() looks at. bench/mixing_gate.py makes the weights of that.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "app/evaluate/run.h"
#include "engine/load.h"
#include "tokenizer/load.h"

namespace {

constexpr std::uint64_t kSeed = 77;
constexpr std::size_t kMostTokens = 40;  // of a hole

// Answers with nothing, after it has been told what stood there.
class Told final : public engine::Engine {
 public:
  Told(std::unique_ptr<engine::Engine> model, std::shared_ptr<const tokenizer::Tokenizer> tokenizer) : model_(std::move(model)), tokenizer_(std::move(tokenizer)) {}

  // The next request's: the text up to the cursor and the rest of its line.
  std::string before, wanted;

  const engine::ModelInfo& info() const override { return model_->info(); }
  base::Result<std::vector<float>> score(std::span<const engine::TokenId> ids, std::stop_token stop, const engine::OnLogits& on_logits) override {
    return model_->score(ids, std::move(stop), on_logits);
  }
  base::Result<engine::Generation> generate(const engine::GenerateRequest& request, const engine::OnToken&, std::stop_token stop) override {
    if (request.max_tokens == 0 || !request.workspace) return engine::Generation{};
    std::vector<engine::TokenId> context = request.text_before.empty() ? request.prompt : request.text_before;
    engine::GenerateRequest asked{.prompt = request.prompt, .max_tokens = 1};
    const std::size_t most = std::size_t(info().context_length) - 1;
    std::size_t told = 0;
    const std::string half_word = owed(context);
    for (const engine::TokenId stood : tokenizer_->encode(half_word + wanted + "\n", {.parse_special = false, .continues = true})) {
      if (told++ == kMostTokens || asked.prompt.size() > most) break;
      const engine::Prediction found = engine::predict(request.workspace->look_up(context, {.samples = !half_word.empty() && told <= 2 ? engine::kSamplesForHalfWord : engine::kSamples}));
      asked.mix = [&](std::span<const engine::TokenId> so_far, std::span<float> logits) {
        if (so_far.empty() && !found.chances.empty()) print(found, logits, stood);
      };
      if (auto made = model_->generate(asked, {}, stop); !made) return made;
      asked.prompt.push_back(stood);
      context.push_back(stood);
    }
    return engine::Generation{};
  }

 private:
  // The half word that the prompt leaves out.
  std::string owed(std::span<const engine::TokenId> context) const {
    const std::string seen = tokenizer_->decode(context.last(std::min<std::size_t>(context.size(), 64)));
    for (std::size_t cut = 0; cut < std::min<std::size_t>(before.size(), 64); ++cut)
      if (seen.ends_with(std::string_view(before).substr(0, before.size() - cut).substr(before.size() - cut > 48 ? before.size() - cut - 48 : 0))) return before.substr(before.size() - cut);
    return {};
  }
  static void print(const engine::Prediction& found, std::span<const float> logits, engine::TokenId stood) {
    const float normal = engine::log_normal(logits);
    const engine::MixEvidence e = engine::weigh(found, logits, normal);
    fmt::print("{:.6g} {:.6g} {:.6g} {} {:.6g} {:.6g} {:.6g}\n", std::exp(logits[std::size_t(stood)] - normal), engine::probability_of(found, stood), e.certainty, e.length, e.model_certainty, e.model_on_workspace, e.workspace_on_model);
  }

  std::unique_ptr<engine::Engine> model_;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
};

base::Result<void> tell(lsp::Model& model, Told& told, const std::string& path, std::size_t most) {
  const auto folder = app::read_folder(path);
  if (!folder) return base::forward(folder);
  const engine::NgramIndex index = app::index_of(*folder, *model.tokenizer);
  const app::Slices slices(*folder);
  const lsp::CompletionSettings settings;
  for (const app::Hole& hole : app::cut_holes_of(folder->code, app::HoleKind::Middle, kSeed, most)) {
    const std::string& text = folder->code[hole.file].text;
    told.before = text.substr(0, hole.begin), told.wanted = text.substr(hole.begin, hole.end - hole.begin);
    if (auto asked = app::answer_holes(*folder, {hole}, slices, {.model = model, .settings = settings, .workspace = &index}, [](double) {}); !asked) return base::forward(asked);
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
  model.tokenizer = std::move(*tokenizer), model.fim = tokenizer::probe_fim(*model.tokenizer);
  auto told = std::make_unique<Told>(std::move(*engine), model.tokenizer);
  Told& here = *told;
  model.engine = std::move(told);
  for (int i = 3; i < count; ++i) {
    fmt::print("# {}\n", arguments[i]);
    if (auto done = tell(model, here, arguments[i], std::size_t(std::atoi(arguments[2]))); !done) return fmt::print(stderr, "{}\n", done.error().message), 1;
  }
  return 0;
}

#include "lsp/completion/mix_learning.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "lsp/completion/nearby_text.h"
#include "lsp/completion/prompt.h"

namespace lsp {
namespace {

using engine::TokenId;
using Tokens = std::vector<TokenId>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kWindow = 256, kHistory = 48;  // tokens rated; of them, how many are only read
constexpr std::size_t kStretch = 12;                 // hidden at a time: about the rest of a line
constexpr std::size_t kOfAHole = 40;                 // tokens rated at most
constexpr std::size_t kAround = 4096;                // of the file, on either side

struct Picked {
  engine::DocumentKey key = 0;
  Tokens tokens;
};

// The pick-th of the documents that count and are long enough, around and around.
std::optional<Picked> pick_document(const engine::NgramIndex& workspace, std::uint64_t pick) {
  std::size_t all = 0;
  for (const engine::IndexPart& part : workspace.parts()) all += part.segment->documents();
  for (std::size_t tries = 0; tries < std::min<std::size_t>(all, 64); ++tries) {
    std::size_t at = (pick + tries * 0x9E3779B9u) % all;
    for (const engine::IndexPart& part : workspace.parts()) {
      if (at >= part.segment->documents()) {
        at -= part.segment->documents();
        continue;
      }
      const auto range = part.segment->document(at);
      if (range.end - range.begin >= kHistory + 4 * kStretch && !part.is_dead(range.begin)) return Picked{range.key, part.segment->tokens_of(range)};
      break;
    }
  }
  return std::nullopt;
}

void add_sample(const engine::Prediction& found, std::span<const float> logits, TokenId stood, std::vector<engine::MixSample>& out) {
  if (found.chances.empty() || std::size_t(stood) >= logits.size()) return;
  const float normal = engine::log_normal(logits);
  out.push_back({.evidence = engine::weigh(found, logits, normal), .model = std::exp(logits[std::size_t(stood)] - normal), .workspace = probability_of(found, stood)});
}

}  // namespace

base::Result<std::vector<engine::MixSample>> take_hole_samples(const Query& query, std::string_view stood, const Deps& deps, std::stop_token stop) {
  std::vector<engine::MixSample> out;
  const Model& model = deps.model;
  const Surroundings around = look_around(query.document.text(), query.cursor, query.document.language_id, {});
  const auto prompt = build_prompt(query.document, around, model, deps.settings, nullptr, nullptr);
  if (!prompt) return base::forward(prompt);
  const auto workspace = NearbyText().pool(*deps.workspace, query, around, *model.tokenizer);
  Tokens rated = model.tokenizer->encode(fmt::format("{}{}\n", prompt->owed, stood), {.parse_special = false, .continues = true});
  const std::size_t room = std::size_t(model.engine->info().context_length) - std::min(prompt->ids.size(), std::size_t(model.engine->info().context_length));
  rated.resize(std::min({rated.size(), kOfAHole, room}));
  Tokens text = prompt->text_before.empty() ? prompt->ids : prompt->text_before;
  std::vector<engine::Prediction> foreseen;
  for (const TokenId token : rated) {
    const bool half_word = !prompt->owed.empty() && foreseen.size() < 2;
    foreseen.push_back(engine::predict(workspace->look_up(text, {.samples = half_word ? engine::kSamplesForHalfWord : engine::kSamples})));
    text.push_back(token);
  }
  Tokens all = prompt->ids;
  all.insert(all.end(), rated.begin(), rated.end());
  std::size_t at = 0;
  const auto take = [&](std::span<const float> logits) {
    if (++at >= prompt->ids.size()) add_sample(foreseen[at - prompt->ids.size()], logits, all[at], out);
  };
  if (const auto scored = model.engine->score(all, stop, take); !scored) return base::forward(scored, "learning to mix");
  return out;
}

base::Result<std::vector<engine::MixSample>> take_mix_samples(const Model& model, const engine::NgramIndex& workspace, std::uint64_t pick, std::stop_token stop) {
  std::vector<engine::MixSample> out;
  auto picked = pick_document(workspace, pick);
  if (!picked) return out;
  const std::size_t size = picked->tokens.size(), window = std::min({kWindow, size, std::size_t(model.engine->info().context_length)});
  const std::size_t begin = size == window ? 0 : std::size_t(pick * 2654435761u) % (size - window);
  const auto begin_at = picked->tokens.begin() + std::ptrdiff_t(begin > kAround ? begin - kAround : 0);
  const auto end_at = picked->tokens.begin() + std::ptrdiff_t(std::min(size, begin + window + kAround));
  const std::size_t before = begin - std::size_t(begin_at - picked->tokens.begin());
  const Tokens text(begin_at, end_at);
  // What the index says of each token, had its stretch not been written yet. None: nothing.
  std::vector<engine::Prediction> foreseen(window);
  for (std::size_t at = kHistory; at + kStretch <= window && !stop.stop_requested(); at += kStretch) {
    Tokens rest(text.begin(), text.begin() + std::ptrdiff_t(before + at));
    rest.insert(rest.end(), text.begin() + std::ptrdiff_t(before + at + kStretch), text.end());
    const auto index = workspace.without(picked->key).with(engine::Segment::build({{.key = picked->key, .tokens = std::move(rest)}})).before(std::span(text).subspan(before + at + kStretch));
    for (std::size_t i = at; i < at + kStretch; ++i) foreseen[i] = engine::predict(index.look_up(std::span(text).first(before + i), {.samples = engine::kSamples}));
  }
  std::size_t i = 0;
  const auto take = [&](std::span<const float> logits) {
    ++i;
    add_sample(foreseen[i], logits, text[before + i], out);
  };
  if (const auto rated = model.engine->score(std::span(text).subspan(before, window), stop, take); !rated) return base::forward(rated, "learning to mix");
  return out;
}

base::Result<void> MixLearner::learn(Model& model, const engine::NgramIndex& workspace, std::stop_token stop) {
  const auto start = Clock::now();
  auto found = take_mix_samples(model, workspace, (files_ + 1) * 0x9E3779B97F4A7C15u, stop);
  spent_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  if (!found) return base::forward(found);
  if (stop.stop_requested()) return {};
  ++files_;
  samples_.insert(samples_.end(), found->begin(), found->end());
  model.mix = engine::fit_mixing(samples_);
  return {};
}

}  // namespace lsp

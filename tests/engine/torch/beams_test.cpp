// Beam search over real caches: what it says of its answer's tokens is what rating that very text gives, so every row saw its own path.
#include <random>

#include "engine/convert/random_model.h"
#include "engine/convert/shapes.h"
#include "engine/torch/torch_engine.h"
#include "support/catch.h"
#include "support/temp_folder.h"

using engine::TokenId;
using Ids = std::vector<TokenId>;

TEST_CASE("beam search: an answer's log-probabilities are those that score() gives it, in packed models and in libtorch's") {
  constexpr std::size_t kTokens = 12;
  for (const base::GgmlType type : {base::GgmlType::Q4_0, base::GgmlType::F32}) {
    const tests::TempFolder folder;
    const std::filesystem::path path = folder.path() / "random.gguf";
    auto shape = engine::find_shape("smollm2-135m");
    REQUIRE(shape);
    shape->layers = 2, shape->vocab_size = 1000;
    if (auto written = engine::write_random_model({.config = *shape, .type = type, .seed = 4, .path = path}, {}); !written) FAIL(written.error().message);
    auto loaded = engine::load_torch_engine({.path = path, .device = "cpu", .dtype = type == base::GgmlType::F32 ? "f32" : "auto", .max_context = 400}, {}, {});
    if (!loaded) FAIL(loaded.error().message);
    std::mt19937 random(2);
    Ids text;
    for (int question = 0; question < 12; ++question) {
      if (question % 3 != 2) text.clear();  // else it goes on where the answer before ended
      for (const std::size_t wanted = text.size() + 1 + random() % 130; text.size() < wanted;) text.push_back(TokenId(random() % 1000));
      const engine::GenerateRequest request{.prompt = text, .max_tokens = 40, .beams = 4, .ending = [&](std::span<const TokenId> so_far, bool) {
        return so_far.size() == kTokens ? engine::Ending::Complete : engine::Ending::Open;
      }};
      auto out = (*loaded)->generate(request, {}, {});
      if (!out) FAIL(out.error().message);
      REQUIRE(out->ids.size() == kTokens);
      CHECK(out->stop == engine::StopReason::Caller);
      text.insert(text.end(), out->ids.begin(), out->ids.end());
      auto rated = (*loaded)->score(text, {});
      if (!rated) FAIL(rated.error().message);
      INFO("question " << question << ", " << text.size() << " tokens");
      for (std::size_t i = 0; i < kTokens; ++i)
        CHECK(out->logprobs[i] == Approx((*rated)[rated->size() - kTokens + i]).margin(type == base::GgmlType::F32 ? 1e-3 : 0.1));
    }
  }
}

#include "lsp/completion/model.h"

#include <algorithm>

#include "lsp/completion/vocabulary_index.h"

namespace lsp {

bool Model::use_noted_mixing(std::span<const std::filesystem::path> folders) {
  const auto learned = [&](const std::filesystem::path& folder) {
    std::error_code ignored;
    const std::filesystem::path real = std::filesystem::weakly_canonical(folder, ignored);
    return std::ranges::mismatch(noted_mixing->code, real).in1 == noted_mixing->code.end();  // it, or a folder within it
  };
  if (!noted_mixing || std::ranges::none_of(folders, learned)) return false;
  mix = noted_mixing->weights;
  return true;
}

base::Result<void> Model::use_adapter(const std::filesystem::path& folder) {
  const auto notes = engine::read_model_notes(folder);
  if (!notes) return base::forward(notes);
  if (auto used = engine->use_adapter(folder); !used) return used;
  noted_mixing = folder.empty() ? own_mixing : notes->mixing;
  mix = {};
  return {};
}

const VocabularyIndex& Model::index() const {
  if (!built_index) {
    const auto ids = engine ? std::size_t(engine->info().vocab_size) : 0;
    built_index = std::make_shared<VocabularyIndex>(*tokenizer, fim ? &*fim : nullptr, ids);
  }
  return *built_index;
}

tokenizer::IncrementalEncoder& Model::encoder() const {
  if (!built_encoder) built_encoder = std::make_shared<tokenizer::IncrementalEncoder>(*tokenizer);
  return *built_encoder;
}

}  // namespace lsp

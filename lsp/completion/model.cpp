#include "lsp/completion/model.h"

#include "lsp/completion/vocabulary_index.h"

namespace lsp {

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

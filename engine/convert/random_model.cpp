#include "engine/convert/random_model.h"

#include <cmath>

#include "base/files.h"
#include "base/formats/gguf_writer.h"
#include "base/formats/safetensors_writer.h"
#include "engine/convert/gguf_metadata.h"
#include "engine/convert/hf_config_write.h"
#include "engine/convert/random_weights.h"
#include "engine/convert/tensor_plan.h"
#include "engine/quant/encode.h"
#include "tokenizer/synthetic.h"

namespace engine {
namespace {

using base::GgmlType;

constexpr std::size_t kPart = 1 << 20;

std::vector<std::uint64_t> shape_of(const PlannedTensor& tensor) { return {tensor.shape.begin(), tensor.shape.end()}; }

std::uint64_t elements_of(const PlannedTensor& tensor) {
  std::uint64_t count = 1;
  for (const std::int64_t size : tensor.shape) count *= std::uint64_t(size);
  return count;
}

// Keeps activations about 1 from layer to layer, and logits too: Glorot's scale, with the residual stream's share of
// 2 matrices a layer as in GPT-2.
float deviation_of(const PlannedTensor& tensor, const ModelConfig& config) {
  if (tensor.role == TensorRole::Bias) return 0.02F;
  const double scale = 1 / std::sqrt(double(tensor.shape.back()));
  return float(tensor.role == TensorRole::Output ? scale / std::sqrt(2.0 * double(config.layers)) : scale);
}

// GGUF keeps norms and biases in F32.
GgmlType type_in_gguf(const PlannedTensor& tensor, GgmlType type) {
  return tensor.shape.size() == 1 ? GgmlType::F32 : fitting_type(type, tensor.shape.back());
}

template <class File>
base::Result<void> write_tensor(File& file, const PlannedTensor& tensor, GgmlType type, const ModelConfig& config, RandomWeights& random) {
  const base::GgmlBlock block = *base::ggml_block(type);
  std::uint64_t left = elements_of(tensor) / block.elements * block.bytes;
  std::vector<std::byte> part(std::min<std::uint64_t>(left, kPart / block.bytes * block.bytes));
  for (; left > 0; left -= part.size()) {
    part.resize(std::min<std::uint64_t>(left, part.size()));
    if (tensor.role == TensorRole::Norm) {
      const std::vector<float> ones(elements_of(tensor), 1.0F);
      if (auto done = encode_weights(type, ones, part); !done) return done;
    } else {
      random.fill(type, deviation_of(tensor, config), part);
    }
    if (auto done = file.write(part); !done) return done;
  }
  return {};
}

template <class File, class TypeOf>
base::Result<void> write_tensors(File& file, const std::vector<PlannedTensor>& plan, const RandomModel& model, const TypeOf& type_of, const Progress& progress) {
  RandomWeights random(model.seed);
  std::uint64_t all = 0, done = 0;
  for (const PlannedTensor& tensor : plan) all += elements_of(tensor);
  for (const PlannedTensor& tensor : plan) {
    if (auto written = write_tensor(file, tensor, type_of(tensor), model.config, random); !written) return written;
    done += elements_of(tensor);
    if (progress) progress(double(done) / double(all));
  }
  return file.finish();
}

base::Result<void> write_gguf(const RandomModel& model, const std::vector<PlannedTensor>& plan, const tokenizer::GgufVocabulary& vocabulary,
                              const Progress& progress) {
  base::GgufHeader header;
  add_config(model.config, model.type, header);
  tokenizer::add_vocabulary(vocabulary, header);
  const auto type_of = [&](const PlannedTensor& tensor) { return type_in_gguf(tensor, model.type); };
  for (const PlannedTensor& tensor : plan) header.tensor(tensor.gguf, type_of(tensor), shape_of(tensor));
  auto file = base::GgufFile::create(model.path, header);
  if (!file) return base::forward(file);
  return write_tensors(*file, plan, model, type_of, progress);
}

base::Result<void> write_folder(const RandomModel& model, const std::vector<PlannedTensor>& plan, const tokenizer::GgufVocabulary& vocabulary,
                                const Progress& progress) {
  const std::string dtype(base::ggml_block(model.type)->name);
  std::vector<base::SafetensorsEntry> entries;
  for (const PlannedTensor& tensor : plan) entries.push_back({tensor.hugging_face, dtype, shape_of(tensor)});
  auto file = base::SafetensorsFile::create(model.path / "model.safetensors", entries);
  if (!file) return base::forward(file);
  if (auto done = write_tensors(*file, plan, model, [&](const PlannedTensor&) { return model.type; }, progress); !done) return done;
  const char* torch_name = model.type == GgmlType::F32 ? "float32" : model.type == GgmlType::F16 ? "float16" : "bfloat16";
  if (auto done = base::write_file_atomic(model.path / "tokenizer.json", tokenizer::hf_json_of(vocabulary)); !done) return done;
  return base::write_file_atomic(model.path / "config.json", hf_config_of(model.config, torch_name));  // last: the folder is a model now
}

}  // namespace

base::Result<void> write_random_model(RandomModel model, const Progress& progress) {
  const bool gguf = model.path.extension() == ".gguf";
  if (!gguf && model.type != GgmlType::F32 && model.type != GgmlType::F16 && model.type != GgmlType::BF16)
    return base::fail(base::ErrorCode::InvalidInput, "{}: a Hugging Face folder holds f32, f16 or bf16: for {} name a file that ends in .gguf",
                      model.path.string(), base::ggml_block(model.type)->name);
  const auto plan = tensor_plan(model.config);
  if (!plan) return base::forward(plan);
  const tokenizer::GgufVocabulary vocabulary = tokenizer::synthetic_vocabulary(model.config.vocab_size, model.fim);
  model.config.end_ids = {*vocabulary.eos};
  return gguf ? write_gguf(model, *plan, vocabulary, progress) : write_folder(model, *plan, vocabulary, progress);
}

}  // namespace engine

#include "engine/convert/folder_jobs.h"

#include <set>

#include "engine/config.h"
#include "engine/convert/gguf_metadata.h"
#include "engine/convert/quantize_model.h"
#include "engine/convert/tensor_plan.h"
#include "engine/weights/resident.h"
#include "tokenizer/hf_json_export.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

class FolderPlan {
 public:
  FolderPlan(const WeightSource& source, const ModelConfig& config, base::GgmlType type) : source_(source), config_(config), type_(type) {}

  base::Result<TensorJob> job_of(const PlannedTensor& tensor);
  base::Result<void> nothing_unused() const;

 private:
  const WeightView* find(const std::string& name, const PlannedTensor& tensor) const;
  base::Result<const WeightView*> expect(const std::string& name, const PlannedTensor& tensor, const std::vector<std::int64_t>& shape);
  base::GgmlType stored_as(const PlannedTensor& tensor, base::GgmlType source) const;

  const WeightSource& source_;
  const ModelConfig& config_;
  base::GgmlType type_;
  std::set<std::string_view> used_;
};

const WeightView* FolderPlan::find(const std::string& name, const PlannedTensor& tensor) const {
  if (const WeightView* view = source_.find(name)) return view;
  if (const WeightView* view = source_.find(without_model_prefix(name))) return view;
  if (!tensor.also.empty()) return source_.find(tensor.also);
  // A table that is the head too may be saved as the head alone.
  return config_.tied_embeddings && tensor.gguf == "token_embd.weight" ? source_.find("lm_head.weight") : nullptr;
}

base::Result<const WeightView*> FolderPlan::expect(const std::string& name, const PlannedTensor& tensor, const std::vector<std::int64_t>& shape) {
  const WeightView* view = find(name, tensor);
  if (!view) return fail(ErrorCode::InvalidInput, "{}: tensor '{}' is missing", source_.path().string(), name);
  if (view->shape != shape)
    return fail(ErrorCode::InvalidInput, "{}: tensor '{}' has another shape than config.json says", source_.path().string(), view->name);
  used_.insert(view->name);
  return view;
}

base::GgmlType FolderPlan::stored_as(const PlannedTensor& tensor, base::GgmlType source) const {
  const bool head = tensor.role == TensorRole::Head || (config_.tied_embeddings && tensor.gguf == "token_embd.weight");
  return stored_type(tensor.gguf, tensor.shape, source, type_, head);
}

base::Result<TensorJob> FolderPlan::job_of(const PlannedTensor& tensor) {
  TensorJob job{.name = tensor.gguf, .shape = tensor.shape, .rows = tensor.rows, .transposed = tensor.transposed, .more = tensor.more};
  const std::int64_t parts = tensor.stacked ? tensor.shape[0] : 1;
  std::vector<std::int64_t> shape = tensor.shape;
  if (tensor.transposed) std::swap(shape[0], shape[1]);
  if (tensor.stacked) shape.erase(shape.begin());
  for (std::int64_t part = 0; part < parts; ++part) {
    std::string name = tensor.hugging_face;
    if (tensor.stacked) name.replace(name.find("{}"), 2, std::to_string(part));
    const auto view = expect(name, tensor, shape);
    if (!view) return base::forward(view);
    job.views.push_back(*view);
  }
  job.type = stored_as(tensor, job.views.front()->type);
  return job;
}

base::Result<void> FolderPlan::nothing_unused() const {
  for (const WeightView& view : source_.weights())
    if (!used_.contains(view.name) && !derived_anyway(view.name) && !repeats_the_table(view.name, config_))
      return fail(ErrorCode::InvalidInput, "{}: tensor '{}' has no place in architecture '{}'", source_.path().string(), view.name,
                  config_.architecture);
  return {};
}

}  // namespace

base::Result<std::vector<TensorJob>> folder_jobs(const WeightSource& source, base::GgmlType type, base::GgufHeader& header) {
  const auto config = read_hf_config(source.path());
  if (!config) return base::forward(config);
  if (const auto fits = fits_gguf(*config); !fits) return base::forward(fits, (source.path() / "config.json").string());
  const auto plan = tensor_plan(*config);
  if (!plan) return base::forward(plan, source.path().string());
  const auto vocabulary = tokenizer::export_hf_vocabulary(source.path(), config->vocab_size);
  if (!vocabulary) return base::forward(vocabulary);
  add_config(*config, type, header);
  tokenizer::add_vocabulary(*vocabulary, header);
  FolderPlan folder(source, *config, type);
  std::vector<TensorJob> jobs;
  for (const PlannedTensor& tensor : *plan) {
    auto job = folder.job_of(tensor);
    if (!job) return base::forward(job);
    jobs.push_back(std::move(*job));
  }
  if (auto fine = folder.nothing_unused(); !fine) return base::forward(fine);
  if (auto divisors = rope_divisors(*config); !divisors.empty())
    jobs.push_back({.name = "rope_freqs.weight", .shape = {std::int64_t(divisors.size())}, .values = std::move(divisors)});
  return jobs;
}

}  // namespace engine

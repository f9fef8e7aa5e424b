#include "engine/convert/quantize_model.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>

#include "base/formats/gguf_writer.h"
#include "base/machine.h"
#include "engine/config.h"
#include "engine/convert/gguf_metadata.h"
#include "engine/convert/tensor_plan.h"
#include "engine/quant/encode.h"
#include "engine/weights/gguf_blocks.h"
#include "engine/weights/source.h"
#include "tokenizer/hf_json_export.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::GgmlType;

constexpr std::int64_t kPart = 1 << 21;  // weights in hand at once

// A tensor on its way: from where, in which order of rows, and as what.
struct Job {
  const WeightView* view = nullptr;
  std::string name;
  std::vector<std::int64_t> shape, rows;  // rows: row r of the result is row rows[r] of the source; empty: in order
  GgmlType type = GgmlType::F32;
  std::vector<float> values{};  // in place of a view

  std::int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  std::int64_t row_count() const {
    std::int64_t count = 1;
    for (std::size_t i = 0; i + 1 < shape.size(); ++i) count *= shape[i];
    return count;
  }
};

struct Sums {
  double off = 0, all = 0;  // squares of differences and of weights
};

std::size_t row_bytes(GgmlType type, std::int64_t columns) {
  const base::GgmlBlock block = *base::ggml_block(type);
  return std::size_t(columns) / block.elements * block.bytes;
}

// Rows [first, last) of a job, encoded into `out`.
base::Result<void> encode_rows(const Job& job, std::int64_t first, std::int64_t last, std::byte* out, Sums& sums) {
  const std::int64_t columns = job.columns();
  const std::size_t in_size = row_bytes(job.view->type, columns), out_size = row_bytes(job.type, columns);
  const bool quantised = base::ggml_block(job.type)->elements > 1;
  std::vector<float> row(static_cast<std::size_t>(columns)), back(quantised ? row.size() : 0);
  for (std::int64_t r = first; r < last; ++r, out += out_size) {
    const std::size_t from = std::size_t(job.rows.empty() ? r : job.rows[std::size_t(r)]);
    if (auto done = dequantize(job.view->type, job.view->bytes.subspan(from * in_size, in_size), row); !done) return done;
    const std::span<std::byte> encoded(out, out_size);
    if (auto done = encode_weights(job.type, row, encoded); !done) return base::forward(done, fmt::format("row {}", from));
    if (!quantised) continue;
    if (auto done = dequantize(job.type, encoded, back); !done) return done;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double off = double(row[i]) - double(back[i]);
      sums.off += off * off, sums.all += double(row[i]) * double(row[i]);
    }
  }
  return {};
}

// The same, shared among threads.
base::Result<void> encode_part(const Job& job, std::int64_t first, std::int64_t last, int threads, std::span<std::byte> out, Sums& sums) {
  const std::int64_t share = (last - first + threads - 1) / threads;
  const std::size_t out_size = row_bytes(job.type, job.columns());
  std::vector<base::Result<void>> results(std::size_t(threads), base::Result<void>{});
  std::vector<Sums> all(static_cast<std::size_t>(threads));
  {
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < results.size(); ++t) {
      const std::int64_t begin = std::min(last, first + std::int64_t(t) * share), end = std::min(last, begin + share);
      if (begin < end)
        workers.emplace_back([&, t, begin, end] { results[t] = encode_rows(job, begin, end, out.data() + std::size_t(begin - first) * out_size, all[t]); });
    }
  }
  for (std::size_t t = 0; t < results.size(); ++t) {
    if (!results[t]) return results[t];
    sums.off += all[t].off, sums.all += all[t].all;
  }
  return {};
}

class Writer {
 public:
  Writer(const WeightSource& source, int threads, std::stop_token stop) : source_(source), threads_(threads), stop_(std::move(stop)) {}

  base::Result<void> write(const Job& job, base::GgufFile& file) {
    if (!job.view) return file.write(std::as_bytes(std::span(job.values)));
    const std::int64_t rows = job.row_count(), columns = job.columns(), most = std::max<std::int64_t>(1, kPart / std::max<std::int64_t>(1, columns));
    std::vector<std::byte> out;
    for (std::int64_t first = 0; first < rows; first += most) {
      if (stop_.stop_requested()) return base::cancelled();
      const std::int64_t last = std::min(rows, first + most);
      out.resize(std::size_t(last - first) * row_bytes(job.type, columns));
      if (auto done = encode_part(job, first, last, threads_, out, sums_); !done)
        return base::forward(done, fmt::format("{}: tensor '{}'", source_.path().string(), job.view->name));
      if (auto done = file.write(out); !done) return done;
      if (job.rows.empty()) forget(*job.view, first, last);
    }
    source_.forget(*job.view);
    return {};
  }
  double relative_error() const { return sums_.all > 0 ? std::sqrt(sums_.off / sums_.all) : 0; }

 private:
  void forget(const WeightView& view, std::int64_t first, std::int64_t last) const {
    const std::size_t size = row_bytes(view.type, view.shape.back());
    source_.forget({view.name, view.type, view.shape, view.bytes.subspan(std::size_t(first) * size, std::size_t(last - first) * size)});
  }
  const WeightSource& source_;
  int threads_;
  std::stop_token stop_;
  Sums sums_;
};

std::vector<std::uint64_t> as_shape(const std::vector<std::int64_t>& shape) { return {shape.begin(), shape.end()}; }

// ---- from GGUF: the same keys and tensors, but for the types ----

base::Result<std::vector<Job>> plan_gguf(const WeightSource& source, const base::Gguf& file, GgmlType type, base::GgufHeader& header) {
  for (const auto& [key, value] : file.metadata())
    if (key != "general.file_type" && key != "general.quantization_version" && key != "general.alignment") header.stored(key, file.stored(key));
  header.u32("general.file_type", gguf_file_type(type));
  header.u32("general.quantization_version", 2);
  const bool tied = !source.find("output.weight");
  std::vector<Job> jobs;
  for (const WeightView& view : source.weights()) {
    const bool head = view.name == "output.weight" || (tied && view.name == "token_embd.weight");
    jobs.push_back({&view, view.name, view.shape, {}, stored_type(view.name, view.shape, view.type, type, head)});
  }
  return jobs;
}

// ---- from a Hugging Face folder ----

const WeightView* find_weight(const WeightSource& source, const std::string& name) {
  if (const WeightView* view = source.find(name)) return view;
  return name.starts_with("model.") ? source.find(name.substr(6)) : nullptr;  // saved without its head
}

base::Result<std::vector<Job>> plan_folder(const WeightSource& source, GgmlType type, base::GgufHeader& header) {
  const auto config = read_hf_config(source.path());
  if (!config) return base::forward(config);
  const auto plan = tensor_plan(*config);
  if (!plan) return base::forward(plan, source.path().string());
  const auto vocabulary = tokenizer::export_hf_vocabulary(source.path(), config->vocab_size);
  if (!vocabulary) return base::forward(vocabulary);
  add_config(*config, type, header);
  tokenizer::add_vocabulary(*vocabulary, header);
  std::vector<Job> jobs;
  std::set<std::string_view> used;
  for (const PlannedTensor& tensor : *plan) {
    const WeightView* view = find_weight(source, tensor.hugging_face);
    if (!view) return fail(ErrorCode::InvalidInput, "{}: tensor '{}' is missing", source.path().string(), tensor.hugging_face);
    if (view->shape != tensor.shape)
      return fail(ErrorCode::InvalidInput, "{}: tensor '{}' has another shape than config.json says", source.path().string(), view->name);
    used.insert(view->name);
    const bool head = tensor.role == TensorRole::Head || (tensor.role == TensorRole::Embedding && config->tied_embeddings);
    auto rows = tensor.rope_heads > 0 ? gguf_row_order(tensor.shape[0], tensor.rope_heads) : std::vector<std::int64_t>{};
    // A bias is a column of rows of one number.
    const std::vector<std::int64_t> shape = tensor.role == TensorRole::Bias ? std::vector<std::int64_t>{tensor.shape[0], 1} : tensor.shape;
    const GgmlType stored = stored_type(tensor.gguf, tensor.shape, view->type, type, head);
    jobs.push_back({view, tensor.gguf, shape, std::move(rows), stored});
  }
  for (const WeightView& view : source.weights())
    if (!used.contains(view.name) && !view.name.ends_with("rotary_emb.inv_freq") && !(config->tied_embeddings && view.name == "lm_head.weight"))
      return fail(ErrorCode::InvalidInput, "{}: tensor '{}' has no place in architecture '{}'", source.path().string(), view.name, config->architecture);
  if (auto divisors = rope_divisors(*config); !divisors.empty())
    jobs.push_back({nullptr, "rope_freqs.weight", {std::int64_t(divisors.size())}, {}, GgmlType::F32, std::move(divisors)});
  return jobs;
}

std::string commonest(const std::vector<Job>& jobs) {
  std::map<std::string_view, std::int64_t> weights;
  for (const Job& job : jobs)
    if (job.view && job.view->shape.size() == 2) weights[base::ggml_block(job.view->type)->name] += job.row_count() * job.columns();
  const auto most = std::ranges::max_element(weights, {}, [](const auto& entry) { return entry.second; });
  return most == weights.end() ? std::string("none") : std::string(most->first);
}

}  // namespace

GgmlType stored_type(std::string_view name, const std::vector<std::int64_t>& shape, GgmlType source, GgmlType wanted, bool is_head) {
  if (shape.size() < 2) return GgmlType::F32;
  const auto holds = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (shape.size() > 2 || !name.ends_with(".weight") || holds("_norm") || holds("position_embd") || holds("token_types") || holds("ffn_gate_inp"))
    return can_encode(source) ? source : GgmlType::F32;
  const bool four_bits = wanted == GgmlType::Q4_0 || wanted == GgmlType::Q4_1 || wanted == GgmlType::Q4_K;
  return fitting_type(is_head && four_bits ? GgmlType::Q8_0 : wanted, shape.back());
}

base::Result<QuantizeReport> quantize_model(const QuantizeOptions& options, const Progress& progress, std::stop_token stop) {
  std::error_code ignored;
  if (std::filesystem::equivalent(options.source, options.destination, ignored))
    return fail(ErrorCode::InvalidInput, "{}: is the source; expected another name for what is made of it", options.destination.string());
  auto source = open_weights(options.source);
  if (!source) return base::forward(source);
  base::GgufHeader header;
  base::Result<std::vector<Job>> jobs;
  if ((*source)->naming() == Naming::Gguf) {
    const auto file = base::Gguf::open(options.source);
    if (!file) return base::forward(file);
    jobs = plan_gguf(**source, *file, options.type, header);
  } else {
    jobs = plan_folder(**source, options.type, header);
  }
  if (!jobs) return base::forward(jobs);

  QuantizeReport report{.weights_by_type = {}, .relative_error = 0, .source_type = commonest(*jobs)};
  double all = 0, done = 0;
  for (const Job& job : *jobs) {
    auto shape = job.view && job.view->shape.size() == 1 ? job.view->shape : job.shape;
    header.tensor(job.name, job.type, as_shape(shape));
    report.weights_by_type[std::string(base::ggml_block(job.type)->name)] += job.row_count() * job.columns();
    all += double(job.row_count() * job.columns());
  }
  auto file = base::GgufFile::create(options.destination, header);
  if (!file) return base::forward(file);
  Writer writer(**source, options.threads > 0 ? options.threads : std::max(1, base::describe_machine().cores), stop);
  for (const Job& job : *jobs) {
    if (auto written = writer.write(job, *file); !written) return base::forward(written);
    done += double(job.row_count() * job.columns());
    if (progress) progress(done / all);
  }
  report.relative_error = writer.relative_error();
  if (auto finished = file->finish(); !finished) return base::forward(finished);
  return report;
}

}  // namespace engine

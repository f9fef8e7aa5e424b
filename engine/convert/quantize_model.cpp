#include "engine/convert/quantize_model.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/formats/gguf_writer.h"
#include "base/machine.h"
#include "engine/convert/folder_jobs.h"
#include "engine/convert/gguf_metadata.h"
#include "engine/convert/tensor_job.h"
#include "engine/quant/encode.h"
#include "engine/weights/source.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::GgmlType;

constexpr std::int64_t kPart = 1 << 21;  // weights in hand at once

// Rows [first, last) of a job, shared among threads.
base::Result<void> encode_part(const TensorJob& job, std::int64_t first, std::int64_t last, int threads, std::span<std::byte> out, ErrorSums& sums) {
  const std::int64_t share = (last - first + threads - 1) / threads;
  const std::size_t out_size = row_bytes(job.type, job.columns());
  std::vector<base::Result<void>> results(std::size_t(threads), base::Result<void>{});
  std::vector<ErrorSums> all(static_cast<std::size_t>(threads));
  {
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < results.size(); ++t) {
      const std::int64_t begin = std::min(last, first + std::int64_t(t) * share), end = std::min(last, begin + share);
      if (begin < end)
        workers.emplace_back([&, t, begin, end] { results[t] = encode_job_rows(job, begin, end, out.data() + std::size_t(begin - first) * out_size, all[t]); });
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

  base::Result<void> write(const TensorJob& job, base::GgufFile& file) {
    if (job.views.empty()) return file.write(std::as_bytes(std::span(job.values)));
    const std::int64_t rows = job.row_count(), columns = job.columns(), most = std::max<std::int64_t>(1, kPart / std::max<std::int64_t>(1, columns));
    std::vector<std::byte> out;
    for (std::int64_t first = 0; first < rows; first += most) {
      if (stop_.stop_requested()) return base::cancelled();
      const std::int64_t last = std::min(rows, first + most);
      out.resize(std::size_t(last - first) * row_bytes(job.type, columns));
      if (auto done = encode_part(job, first, last, threads_, out, sums_); !done)
        return base::forward(done, fmt::format("{}: tensor '{}'", source_.path().string(), job.views.front()->name));
      if (auto done = file.write(out); !done) return done;
      const bool in_order = job.rows.empty() && !job.transposed && job.views.front()->shape.size() == 2;
      if (in_order) source_.forget(rows_of(*job.views.front(), first, last - first));
    }
    for (const WeightView* view : job.views) source_.forget(*view);
    return {};
  }
  double relative_error() const { return sums_.all > 0 ? std::sqrt(sums_.off / sums_.all) : 0; }

 private:
  const WeightSource& source_;
  int threads_;
  std::stop_token stop_;
  ErrorSums sums_;
};

std::vector<std::uint64_t> as_shape(const std::vector<std::int64_t>& shape) { return {shape.begin(), shape.end()}; }

// ---- from GGUF: the same keys and tensors, but for the types ----

base::Result<std::vector<TensorJob>> plan_gguf(const WeightSource& source, const base::Gguf& file, GgmlType type, base::GgufHeader& header) {
  for (const auto& [key, value] : file.metadata())
    if (key != "general.file_type" && key != "general.quantization_version" && key != "general.alignment") header.stored(key, file.stored(key));
  header.u32("general.file_type", gguf_file_type(type));
  header.u32("general.quantization_version", 2);
  const bool tied = !source.find("output.weight");
  std::vector<TensorJob> jobs;
  for (const WeightView& view : source.weights()) {
    const bool head = view.name == "output.weight" || (tied && view.name == "token_embd.weight");
    jobs.push_back({.views = {&view}, .name = view.name, .shape = view.shape, .type = stored_type(view.name, view.shape, view.type, type, head)});
  }
  return jobs;
}

std::string commonest(const std::vector<TensorJob>& jobs) {
  std::map<std::string_view, std::int64_t> weights;
  for (const TensorJob& job : jobs)
    if (job.views.size() == 1 && job.shape.size() == 2) weights[base::ggml_block(job.views.front()->type)->name] += job.count();
  const auto most = std::ranges::max_element(weights, {}, [](const auto& entry) { return entry.second; });
  return most == weights.end() ? std::string("none") : std::string(most->first);
}

}  // namespace

GgmlType stored_type(std::string_view name, const std::vector<std::int64_t>& shape, GgmlType source, GgmlType wanted, bool is_head) {
  if (shape.size() < 2) return GgmlType::F32;
  const auto holds = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (holds("_norm")) return GgmlType::F32;  // each head's, stacked
  if (shape.size() > 2 || !name.ends_with(".weight") || holds("position_embd") || holds("token_types") || holds("ffn_gate_inp"))
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
  base::Result<std::vector<TensorJob>> jobs;
  if ((*source)->naming() == Naming::Gguf) {
    const auto file = base::Gguf::open(options.source);
    if (!file) return base::forward(file);
    jobs = plan_gguf(**source, *file, options.type, header);
  } else {
    jobs = folder_jobs(**source, options.type, header);
  }
  if (!jobs) return base::forward(jobs);

  QuantizeReport report{.weights_by_type = {}, .relative_error = 0, .source_type = commonest(*jobs)};
  double all = 0, done = 0;
  for (const TensorJob& job : *jobs) {
    header.tensor(job.name, job.type, as_shape(job.shape));
    report.weights_by_type[std::string(base::ggml_block(job.type)->name)] += job.count();
    all += double(job.count());
  }
  auto file = base::GgufFile::create(options.destination, header);
  if (!file) return base::forward(file);
  Writer writer(**source, options.threads > 0 ? options.threads : std::max(1, base::describe_machine().cores), stop);
  for (const TensorJob& job : *jobs) {
    if (auto written = writer.write(job, *file); !written) return base::forward(written);
    done += double(job.count());
    if (progress) progress(done / all);
  }
  report.relative_error = writer.relative_error();
  if (auto finished = file->finish(); !finished) return base::forward(finished);
  return report;
}

}  // namespace engine

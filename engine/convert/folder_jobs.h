// folder_jobs.h: a Hugging Face folder as the tensors, configuration and vocabulary of a GGUF file.
// folder_jobs(source, type, header) fills the header's keys and lists the tensors; quantize_model() writes them.
// Refuses, naming file, field or tensor, what GGUF cannot say. Borrows the source's views.
#pragma once

#include "base/formats/gguf_writer.h"
#include "engine/convert/tensor_job.h"

namespace engine {

base::Result<std::vector<TensorJob>> folder_jobs(const WeightSource& source, base::GgmlType type, base::GgufHeader& header);

}  // namespace engine

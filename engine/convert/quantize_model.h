// quantize_model.h: a model as a GGUF file of fewer bits: from a Hugging Face folder or from a GGUF file.
// quantize_model({source, destination, type}, progress, stop): names, metadata, tokenizer and row order as llama.cpp has them.
// Streams tensor by tensor, some megabytes at a time; the file appears whole or not at all. Errors name file and tensor.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>

#include "base/formats/gguf.h"
#include "base/result.h"
#include "engine/load.h"

namespace engine {

struct QuantizeOptions {
  std::filesystem::path source, destination;
  base::GgmlType type = base::GgmlType::Q8_0;  // of the matrices whose rows its blocks divide; see stored_type()
  int threads = 0;                             // 0: as many as there are cores
};

struct QuantizeReport {
  std::map<std::string, std::int64_t> weights_by_type;  // "Q4_0": how many weights
  double relative_error = 0;  // of the matrices that were quantised: rms of the difference over rms of the weights
  std::string source_type;    // the commonest type of the source's matrices
};

base::Result<QuantizeReport> quantize_model(const QuantizeOptions& options, const Progress& progress, std::stop_token stop);

// What a tensor becomes: vectors F32; positions, routers and the like stay as they are; matrices `wanted`, or what fits
// (fitting_type()); a 4-bit model's head, or the table that is its head too, Q8_0, as it weighs on every logit.
base::GgmlType stored_type(std::string_view gguf_name, const std::vector<std::int64_t>& shape, base::GgmlType source, base::GgmlType wanted, bool is_head);

}  // namespace engine

#include "engine/weights/resident.h"

#include <algorithm>
#include <map>

#include "engine/quant/grouped.h"

namespace engine {
namespace {

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return name.ends_with(end); });
}

// Derived again from the configuration, or the embedding a second time.
bool not_loaded(std::string_view name, const ModelConfig& config) {
  if (ends_with_any(name, {"rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias"})) return true;
  if (name == "rope_freqs.weight") return true;
  return config.tied_embeddings && (name == "lm_head.weight" || name == "embed_out.weight" || name == "output.weight");
}

bool looked_up_by_row(std::string_view name) {
  return ends_with_any(name, {"embed_tokens.weight", "wte.weight", "wpe.weight", "embed_in.weight", "word_embeddings.weight"}) ||
         name == "token_embd.weight" || name == "position_embd.weight";
}

// GPT-2's own files hold its matrices transposed.
bool transposed(const WeightView& view, Naming naming, const ModelConfig& config) {
  return naming == Naming::HuggingFace && config.architecture == "gpt2" && view.name.find(".c_") != std::string::npos;
}

base::Result<std::int64_t> repacked(const WeightView& view) {
  const std::int64_t rows = view.shape[0];
  auto row = repack(view.type, view.bytes.first(view.bytes.size() / std::size_t(rows)), 1, view.shape[1]);
  if (!row) return base::forward(row, view.name);
  return row->bytes() * rows;
}

std::int64_t quantised(std::int64_t weights, int bits) {  // groups of 32: a scale; for 4 bits a minimum too
  return weights * bits / 8 + weights / 32 * std::int64_t(sizeof(float)) * (bits == 4 ? 2 : 1);
}

}  // namespace

base::Result<ResidentWeights> resident_weights(const WeightSource& source, const ModelConfig& config, Quant quant, std::int64_t dtype_bytes) {
  ResidentWeights out;
  const bool asks_bits = quant == Quant::Int8 || quant == Quant::Int4;
  for (const WeightView& view : source.weights()) {
    if (not_loaded(view.name, config)) continue;
    std::int64_t count = 1;
    for (const std::int64_t extent : view.shape) count *= extent;
    out.parameters += count;
    const bool table = looked_up_by_row(view.name);
    if (view.shape.size() != 2 || count == 0) {
      out.bytes += count * dtype_bytes;
    } else if (can_repack(view.type) && (quant == Quant::Auto || (asks_bits && table))) {
      auto bytes = repacked(view);
      if (!bytes) return base::forward(bytes);
      out.bytes += *bytes;
    } else if (asks_bits && !table && view.shape[transposed(view, source.naming(), config) ? 0 : 1] % 32 == 0) {
      out.bytes += quantised(count, quant == Quant::Int8 ? 8 : 4);
    } else {
      out.bytes += count * dtype_bytes;
    }
  }
  return out;
}

std::string stored_type(const WeightSource& source) {
  std::map<std::string, std::int64_t> bytes;
  for (const WeightView& view : source.weights())
    if (view.shape.size() == 2)
      if (const auto block = base::ggml_block(view.type)) bytes[std::string(block->name)] += std::int64_t(view.bytes.size());
  const auto most = std::max_element(bytes.begin(), bytes.end(), [](auto& a, auto& b) { return a.second < b.second; });
  std::string name = most == bytes.end() ? "none" : most->first;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return name;
}

}  // namespace engine

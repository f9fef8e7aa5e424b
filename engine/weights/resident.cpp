#include "engine/weights/resident.h"

#include <algorithm>
#include <map>

#include "engine/quant/grouped.h"

namespace engine {
namespace {

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return name.ends_with(end); });
}

bool is_head(std::string_view name) { return name == "lm_head.weight" || name == "embed_out.weight" || name == "output.weight"; }

bool is_token_table(std::string_view name) {
  return ends_with_any(name, {"embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight"}) || name == "token_embd.weight";
}
bool is_position_table(std::string_view name) { return name.ends_with("wpe.weight") || name == "position_embd.weight"; }

// A norm, also where GGUF stacks the heads' own into one tensor of two dimensions.
bool is_norm(std::string_view name) { return name.find("norm") != std::string_view::npos; }

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

Held how_held(base::GgmlType type, Quant quant, const MatrixUse& use) {
  const bool asks_bits = quant == Quant::Int8 || quant == Quant::Int4;
  if (can_repack(type) && use.rows_as_stored && (quant == Quant::Auto || (asks_bits && use.table))) return Held::AsStored;
  return asks_bits && !use.table && use.columns % 32 == 0 ? Held::Rounded : Held::Expanded;
}

std::string_view without_model_prefix(std::string_view name) {
  for (const std::string_view prefix : {"model.", "transformer.", "gpt_neox."})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

bool derived_anyway(std::string_view name) {
  return name == "rope_freqs.weight" ||
         ends_with_any(name, {"rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias"});
}

bool repeats_the_table(std::string_view name, const ModelConfig& config) { return config.tied_embeddings && is_head(name); }

base::Result<ResidentWeights> resident_weights(const WeightSource& source, const ModelConfig& config, Quant quant, std::int64_t dtype_bytes) {
  ResidentWeights out;
  const std::span<const WeightView> views = source.weights();
  const bool has_table = std::any_of(views.begin(), views.end(), [](const WeightView& view) { return is_token_table(view.name); });
  for (const WeightView& view : views) {
    const bool repeats = repeats_the_table(view.name, config);
    if (derived_anyway(view.name) || (repeats && has_table)) continue;
    std::int64_t count = 1;
    for (const std::int64_t extent : view.shape) count *= extent;
    out.parameters += count;
    if (view.shape.size() != 2 || count == 0 || is_norm(view.name)) {
      out.bytes += count * (config.architecture == "gemma" && is_norm(view.name) ? std::int64_t(sizeof(float)) : dtype_bytes);
      continue;
    }
    const bool turned = transposed(view, source.naming(), config);
    const bool table = is_token_table(view.name) || is_position_table(view.name) || repeats;
    switch (how_held(view.type, quant, {.table = table, .rows_as_stored = !turned, .columns = view.shape[turned ? 0 : 1]})) {
      case Held::AsStored: {
        const auto bytes = repacked(view);
        if (!bytes) return base::forward(bytes);
        out.bytes += *bytes;
        break;
      }
      case Held::Rounded: out.bytes += quantised(count, quant == Quant::Int8 ? 8 : 4); break;
      case Held::Expanded: out.bytes += count * dtype_bytes; break;
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

#include "engine/weights/resident.h"

#include <algorithm>
#include <map>
#include <vector>

#include "engine/decode/packable.h"
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

// Of a weight of so many groups a row, as the kernels pack it: sixteen rows together, halves.
std::int64_t packed(std::int64_t rows, std::int64_t columns, int bits, int group, bool minimum) {
  return (rows + 15) / 16 * 16 * (columns * bits / 8 + columns / group * (minimum ? 4 : 2));
}

base::Result<std::int64_t> as_stored(const WeightView& view, bool pack) {
  const std::int64_t rows = view.shape[0];
  auto row = repack(view.type, view.bytes.first(view.bytes.size() / std::size_t(rows)), 1, view.shape[1]);
  if (!row) return base::forward(row, view.name);
  if (pack) return packed(rows, view.shape[1], row->bits, row->group, !row->minimums.empty());
  return row->bytes() * rows;
}

std::int64_t rounded(std::int64_t rows, std::int64_t columns, int bits, bool pack) {  // groups of 32: a scale; for 4 bits a minimum too
  if (pack) return packed(rows, columns, bits, 32, bits == 4);
  return rows * columns * bits / 8 + rows * columns / 32 * std::int64_t(sizeof(float)) * (bits == 4 ? 2 : 1);
}

// What each tensor of a file is to the model.
struct Part {
  const WeightView* view;
  std::int64_t rows, columns;  // of a matrix, as the model has it; a vector's columns are 0
  bool table;
};
std::vector<Part> parts_of(const WeightSource& source, const ModelConfig& config) {
  std::vector<Part> out;
  const std::span<const WeightView> views = source.weights();
  const bool has_table = std::any_of(views.begin(), views.end(), [](const WeightView& view) { return is_token_table(view.name); });
  for (const WeightView& view : views) {
    const bool repeats = repeats_the_table(view.name, config);
    if (derived_anyway(view.name) || (repeats && has_table)) continue;
    const bool matrix = view.shape.size() == 2 && view.shape[0] > 0 && view.shape[1] > 0 && !is_norm(view.name);
    const bool turned = matrix && transposed(view, source.naming(), config);
    out.push_back({&view, matrix ? view.shape[turned ? 1 : 0] : 0, matrix ? view.shape[turned ? 0 : 1] : 0,
                   is_token_table(view.name) || is_position_table(view.name) || repeats});
  }
  return out;
}

Held held(const Part& part, Naming naming, const ModelConfig& config, Quant quant, bool packed) {
  const bool turned = transposed(*part.view, naming, config);
  return how_held(part.view->type, quant, {.table = part.table, .rows_as_stored = !turned, .columns = part.columns, .packed = packed});
}

}  // namespace

Held how_held(base::GgmlType type, Quant quant, const MatrixUse& use) {
  const bool asks_bits = quant == Quant::Int8 || quant == Quant::Int4;
  if (can_repack(type) && use.rows_as_stored && (quant == Quant::Auto || (asks_bits && use.table))) return Held::AsStored;
  return asks_bits && (!use.table || use.packed) && use.columns % 32 == 0 ? Held::Rounded : Held::Expanded;
}

std::string_view without_model_prefix(std::string_view name) {
  for (const std::string_view prefix : {"model.", "transformer.", "gpt_neox."})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

int rounded_bits(Quant quant, bool table) { return quant == Quant::Int4 && !table ? 4 : 8; }

bool derived_anyway(std::string_view name) {
  return name == "rope_freqs.weight" ||
         ends_with_any(name, {"rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias"});
}

bool repeats_the_table(std::string_view name, const ModelConfig& config) { return config.tied_embeddings && is_head(name); }

base::Result<ResidentWeights> resident_weights(const WeightSource& source, const ModelConfig& config, const Holding& holding) {
  const std::vector<Part> parts = parts_of(source, config);
  const auto fits = [&](const Part& part) {
    return part.columns == 0 || held(part, source.naming(), config, holding.quant, true) != Held::Expanded;
  };
  const bool pack = holding.may_pack && packable(config) && std::all_of(parts.begin(), parts.end(), fits);
  const std::int64_t plain_bytes = pack ? 4 : holding.dtype_bytes;
  ResidentWeights out{.packed = pack};
  for (const Part& part : parts) {
    std::int64_t count = 1;
    for (const std::int64_t extent : part.view->shape) count *= extent;
    out.parameters += count;
    if (part.columns == 0) {
      out.bytes += count * (config.architecture == "gemma" && is_norm(part.view->name) ? std::int64_t(sizeof(float)) : plain_bytes);
      continue;
    }
    switch (held(part, source.naming(), config, holding.quant, pack)) {
      case Held::AsStored: {
        const auto bytes = as_stored(*part.view, pack);
        if (!bytes) return base::forward(bytes);
        out.bytes += *bytes;
        break;
      }
      case Held::Rounded: out.bytes += rounded(part.rows, part.columns, rounded_bits(holding.quant, part.table), pack); break;
      case Held::Expanded: out.bytes += count * plain_bytes; break;
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

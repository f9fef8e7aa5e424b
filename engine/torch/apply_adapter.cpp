#include "engine/torch/apply_adapter.h"

#include <map>
#include <set>

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;

// The part of an adapter's product that a matrix of the model takes: B's rows stand as in the file of the base.
base::Result<LowRank> part_for(const AdapterPlace& place, const LowRank& given, const std::string& where) {
  const Layout& stored = place.in_hugging_face;
  const std::int64_t rows_there = stored.of_rows > 0 ? stored.of_rows : place.shape[0];
  if (given.outputs != rows_there || given.inputs != place.shape[1])
    return fail(ErrorCode::InvalidInput, "{}: is for a matrix of {} outputs and {} inputs, but the model's has {} and {}", where, given.outputs, given.inputs,
                rows_there, place.shape[1]);
  if (stored.stacked > 0) return fail(ErrorCode::Unsupported, "{}: the model keeps it together with others, which adapters cannot change", where);
  if (stored.rows.empty()) return given;
  LowRank part{given.rank, given.inputs, place.shape[0], given.a, {}, given.scale};
  for (const std::int64_t row : stored.rows) {
    const auto from = given.b.begin() + std::ptrdiff_t(row * given.rank);
    part.b.insert(part.b.end(), from, from + std::ptrdiff_t(given.rank));
  }
  return part;
}

}  // namespace

base::Result<void> apply_adapter(Model& model, const std::filesystem::path& folder) {
  const std::vector<AdapterPlace> places = model.adapter_places();
  if (folder.empty()) {
    for (const AdapterPlace& place : places) place.set(nullptr);
    return {};
  }
  const auto adapter = read_adapter(folder);
  if (!adapter) return base::forward(adapter);
  std::map<size_t, LowRank> parts;
  std::set<std::string> used;
  for (size_t i = 0; i < places.size(); ++i) {
    const auto given = adapter->matrices.find(places[i].name);
    if (given == adapter->matrices.end()) continue;
    auto part = part_for(places[i], given->second, fmt::format("{}: '{}'", folder.string(), places[i].name));
    if (!part) return base::forward(part);
    parts[i] = std::move(*part), used.insert(places[i].name);
  }
  for (const auto& [name, matrix] : adapter->matrices)
    if (!used.contains(name))
      return fail(ErrorCode::InvalidInput, "{}: '{}' is no matrix of the model: the adapter is for another one", folder.string(), name);
  for (size_t i = 0; i < places.size(); ++i) places[i].set(parts.contains(i) ? &parts[i] : nullptr);
  return {};
}

}  // namespace engine

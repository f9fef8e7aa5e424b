#include "app/hub/choose.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/json.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kSingle = "model.safetensors", kIndex = "model.safetensors.index.json";
constexpr std::string_view kExact[] = {"generation_config.json", "special_tokens_map.json", "added_tokens.json",
                                       "merges.txt", "spiece.model", "chat_template.jinja"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return out;
}

// Configuration and vocabulary, in the repository's own folder.
bool describes_the_model(std::string_view path) {
  if (path.find('/') != std::string_view::npos) return false;
  if (std::find(std::begin(kExact), std::end(kExact), path) != std::end(kExact)) return true;
  const bool json = path.ends_with(".json");
  return (path.starts_with("config") && json) || (path.starts_with("tokenizer") && (json || path.ends_with(".model"))) ||
         (path.starts_with("vocab.") && (json || path.ends_with(".txt"))) || path.ends_with(".tiktoken");
}

const RemoteFile* find(const Listing& listing, std::string_view path) {
  const auto found = std::find_if(listing.files.begin(), listing.files.end(), [&](auto& f) { return f.path == path; });
  return found == listing.files.end() ? nullptr : &*found;
}

bool one_of_parts(std::string_view path) {  // name-00001-of-00003.gguf
  const auto of = path.rfind("-of-");
  return of != std::string_view::npos && of > 0 && std::isdigit(static_cast<unsigned char>(path[of - 1]));
}

std::vector<const RemoteFile*> ggufs(const Listing& listing) {
  std::vector<const RemoteFile*> out;
  for (const RemoteFile& file : listing.files) {
    const std::string name = lower(file.path);
    if (name.ends_with(".gguf") && name.find("mmproj") == std::string::npos && name.find("imatrix") == std::string::npos)
      out.push_back(&file);
  }
  std::sort(out.begin(), out.end(), [](auto* a, auto* b) { return a->size < b->size; });
  return out;
}

std::string listed(const std::vector<const RemoteFile*>& files) {
  std::vector<std::string> out;
  for (const RemoteFile* file : files)
    out.push_back(file->size < 0 ? file->path : fmt::format("{} ({:.2f} GB)", file->path, double(file->size) / 1e9));
  return fmt::format("{}", fmt::join(out, ", "));
}

base::Result<Choice> chosen_gguf(const Address& asked, const RemoteFile& file, std::string remark) {
  if (one_of_parts(file.path))
    return fail(ErrorCode::Unsupported, "{}: '{}' is one of several parts of a model, which are not read: choose a whole one",
                asked.repository(), file.path);
  return Choice{true, {file}, nullptr, std::move(remark)};
}

base::Result<Choice> named_gguf(const Address& asked, const Listing& listing) {
  const auto all = ggufs(listing);
  std::vector<const RemoteFile*> alike;
  for (const RemoteFile* file : all) {
    if (file->path == asked.file) return chosen_gguf(asked, *file, "");
    if (lower(file->path).find(lower(asked.file)) != std::string::npos) alike.push_back(file);
  }
  if (alike.size() == 1) return chosen_gguf(asked, *alike.front(), "");
  if (alike.size() > 1)
    return fail(ErrorCode::InvalidInput, "{}: '{}' fits several files: {}", asked.repository(), asked.file, listed(alike));
  if (find(listing, asked.file))
    return fail(ErrorCode::InvalidInput, "{}: '{}' is no .gguf file; without :FILE everything the model needs is fetched",
                asked.repository(), asked.file);
  return fail(ErrorCode::NotFound, "{}: there is no file '{}' at revision '{}'{}", asked.repository(), asked.file,
              asked.revision, all.empty() ? "" : "; it has " + listed(all));
}

// Of several: the four-bit one that everybody takes, if there is exactly one and it fits.
base::Result<Choice> best_gguf(const Address& asked, const std::vector<const RemoteFile*>& all, std::int64_t memory) {
  if (all.size() == 1) return chosen_gguf(asked, *all.front(), "");
  for (const char* kind : {"q4_k_m", "q4_k_s", "q4_1", "q4_0", "q5_k_m", "q8_0"}) {
    std::vector<const RemoteFile*> alike;
    for (const RemoteFile* file : all)
      if (lower(file->path).find(kind) != std::string::npos && !one_of_parts(file->path)) alike.push_back(file);
    if (alike.size() == 1 && (memory <= 0 || double(alike[0]->size) * 1.3 < double(memory)))
      return chosen_gguf(asked, *alike[0], fmt::format("{} was chosen among {}; name another as {}:FILE", alike[0]->path,
                                                       listed(all), asked.repository()));
  }
  return fail(ErrorCode::InvalidInput, "{} holds several models and none is the obvious one for this machine: choose one as {}:FILE of {}",
              asked.repository(), asked.repository(), listed(all));
}

std::unexpected<base::Error> nothing_to_load(const Address& asked, const Listing& listing) {
  for (const RemoteFile& file : listing.files)
    if (file.path == "pytorch_model.bin" || file.path == "pytorch_model.bin.index.json")
      return fail(ErrorCode::Unsupported,
                  "{0}: holds only pickled PyTorch weights ({1}), which can run code when read: convert them with python -c "
                  "\"from transformers import AutoModelForCausalLM as M, AutoTokenizer as T; [X.from_pretrained('{0}')"
                  ".save_pretrained('FOLDER') for X in (M, T)]\" and use --model FOLDER",
                  asked.repository(), file.path);
  for (const RemoteFile& file : listing.files)
    if (file.path == "adapter_model.safetensors")
      return fail(ErrorCode::Unsupported, "{}: holds only an adapter (adapter_model.safetensors), not a model", asked.repository());
  return fail(ErrorCode::NotFound, "{}: holds no weights at revision '{}': expected {}, {} or a .gguf file", asked.repository(),
              asked.revision, kSingle, kIndex);
}

}  // namespace

base::Result<Choice> choose_files(const Address& asked, const Listing& listing, std::int64_t memory) {
  if (!asked.file.empty()) return named_gguf(asked, listing);
  Choice choice;
  const RemoteFile* single = find(listing, kSingle);
  const RemoteFile* index = single ? nullptr : find(listing, kIndex);
  if (!single && !index) {
    const auto all = ggufs(listing);
    if (all.empty()) return nothing_to_load(asked, listing);
    return best_gguf(asked, all, memory);
  }
  if (!find(listing, "config.json"))
    return fail(ErrorCode::NotFound, "{}: has weights but no config.json at revision '{}'", asked.repository(), asked.revision);
  for (const RemoteFile& file : listing.files)
    if (describes_the_model(file.path)) choice.files.push_back(file);
  choice.files.push_back(single ? *single : *index);
  choice.index = index;
  return choice;
}

base::Result<void> add_shards(const Address& asked, const Listing& listing, std::string_view index_text, Choice& choice) {
  const std::string what = fmt::format("{}: {}", asked.repository(), kIndex);
  const auto json = base::parse_json(index_text, what);
  if (!json) return base::forward(json);
  const base::Json* map = base::find_field(*json, "weight_map");
  if (!map || !map->is_object() || map->empty())
    return fail(ErrorCode::InvalidInput, "{}: 'weight_map' is missing: expected an object from tensor to shard", what);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string() || !safe_path(shard.get<std::string>()) || shard.get<std::string>().find('/') != std::string::npos)
      return fail(ErrorCode::InvalidInput, "{}: tensor {} lies in {}: expected the name of a file beside the index", what,
                  base::dump_json(tensor), base::dump_json(shard));
    shards.insert(shard.get<std::string>());
  }
  for (const std::string& shard : shards) {
    const RemoteFile* file = find(listing, shard);
    if (!file) return fail(ErrorCode::NotFound, "{}: names the shard '{}', which the repository has not", what, shard);
    choice.files.push_back(*file);
  }
  return {};
}

}  // namespace app

#include "app/hub/listing.h"

#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;

bool hex_of(std::string_view text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "sha256:..." or the bare digits
std::string sha256_in(const Json& lfs) {
  for (const char* field : {"sha256", "oid"})
    if (auto value = base::try_get<std::string>(lfs, field)) {
      const std::string digits = value->starts_with("sha256:") ? value->substr(7) : *value;
      if (hex_of(digits, 64)) return digits;
    }
  return {};
}

base::Result<RemoteFile> read_file_entry(const Json& entry, std::string_view name_field, std::string_view what) {
  RemoteFile file;
  const auto path = base::get<std::string>(entry, name_field);
  if (!path) return base::forward(path, what);
  if (!safe_path(*path))
    return fail(ErrorCode::InvalidInput, "{}: lists a file called {}, which leads out of a folder: nothing was fetched",
                what, base::dump_json(*path));
  file.path = *path;
  const Json* lfs = base::find_field(entry, "lfs");
  if (lfs) file.sha256 = sha256_in(*lfs);
  auto size = base::try_get<std::int64_t>(entry, "size");
  if (lfs)
    if (auto real = base::try_get<std::int64_t>(*lfs, "size")) size = real;
  if (size) {
    if (*size < 0 || *size > (std::int64_t(1) << 60))
      return fail(ErrorCode::InvalidInput, "{}: says that '{}' has {} bytes", what, file.path, *size);
    file.size = *size;
  }
  for (const char* field : {"oid", "blobId"})
    if (auto id = base::try_get<std::string>(entry, field); id && hex_of(*id, 40)) file.git = *id;
  return file;
}

base::Result<Listing> read_files(const Json& array, std::string_view name_field, std::string_view what) {
  Listing out;
  for (const Json& entry : array) {
    if (const auto kind = base::try_get<std::string>(entry, "type"); kind && *kind != "file") continue;
    auto file = read_file_entry(entry, name_field, what);
    if (!file) return base::forward(file);
    out.files.push_back(std::move(*file));
  }
  out.complete = std::all_of(out.files.begin(), out.files.end(), [](const RemoteFile& f) { return f.size >= 0; });
  return out;
}

}  // namespace

bool safe_path(std::string_view path) {
  if (path.empty() || path.size() > 1000 || path.front() == '/' || !base::is_valid_utf8(path)) return false;
  for (const unsigned char c : path)
    if (c < 32 || c == 127 || c == '\\') return false;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == ".." || part.size() > 250) return false;
    at = end + 1;
  }
  return true;
}

base::Result<Listing> parse_revision(std::string_view json, std::string_view what) {
  const auto parsed = base::parse_json(json, what);
  if (!parsed) return base::forward(parsed);
  const Json* siblings = base::find_field(*parsed, "siblings");
  if (!siblings || !siblings->is_array())
    return fail(ErrorCode::InvalidInput, "{}: 'siblings' is missing: expected an array of files", what);
  auto out = read_files(*siblings, "rfilename", what);
  if (!out) return out;
  if (const auto sha = base::try_get<std::string>(*parsed, "sha"); sha && hex_of(*sha, 40)) out->commit = *sha;
  return out;
}

base::Result<Listing> parse_tree(std::string_view json, std::string_view what) {
  const auto parsed = base::parse_json(json, what);
  if (!parsed) return base::forward(parsed);
  if (!parsed->is_array()) return fail(ErrorCode::InvalidInput, "{}: expected an array of files", what);
  return read_files(*parsed, "path", what);
}

}  // namespace app

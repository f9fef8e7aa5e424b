#include "app/hub/record.h"

#include "base/files.h"
#include "base/json.h"

namespace app {
namespace {

constexpr const char* kName = ".rigpilot.json";

}  // namespace

std::optional<Record> read_record(const std::filesystem::path& folder) {
  const auto text = base::read_file(folder / kName);
  if (!text) return std::nullopt;
  const auto json = base::parse_json(*text, kName);
  if (!json) return std::nullopt;
  Record out;
  for (const auto& [field, value] :
       {std::pair{"hub", &out.hub}, {"repository", &out.repository}, {"revision", &out.revision}, {"commit", &out.commit}})
    *value = base::try_get<std::string>(*json, field).value_or("");
  out.bytes = base::try_get<std::int64_t>(*json, "bytes").value_or(0);
  if (const base::Json* files = base::find_field(*json, "files"); files && files->is_object())
    for (const auto& [name, identity] : files->items())
      if (identity.is_string()) out.files[name] = identity.get<std::string>();
  return out;
}

base::Result<void> write_record(const std::filesystem::path& folder, const Record& record) {
  base::Json files = base::Json::object();
  for (const auto& [name, identity] : record.files) files[name] = identity;
  return base::write_file_atomic(folder / kName, base::dump_json_pretty({{"hub", record.hub}, {"repository", record.repository},
                                                                        {"revision", record.revision}, {"commit", record.commit},
                                                                        {"bytes", record.bytes}, {"files", files}}) + "\n");
}

}  // namespace app

#include "engine/load.h"

#include <dlfcn.h>

#include "base/files.h"
#include "engine/config/model_notes.h"
#include "engine/torch/library.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
namespace fs = std::filesystem;

}  // namespace

// Opened once and never closed: libtorch does not survive being unloaded.
base::Result<const TorchLibrary*> open_torch_library() {
  const fs::path here = base::executable_folder();
  std::string problem = "not found";
  for (const fs::path& path : {here / RIGPILOT_TORCH_LIBRARY, here / ".." / "lib" / "rigpilot" / RIGPILOT_TORCH_LIBRARY}) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) continue;
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      problem = ::dlerror();
      continue;
    }
    const auto table = reinterpret_cast<TorchLibraryFunction>(::dlsym(library, "rigpilot_torch_library"));
    if (!table || table()->version != kTorchLibraryVersion)
      return fail(ErrorCode::Failed, "{}: is of another version of Rigpilot; build it again", path.string());
    return table();
  }
  return fail(ErrorCode::Failed, "{}: cannot be opened ({}); it belongs beside the program, and needs the libtorch it was built with",
              (here / RIGPILOT_TORCH_LIBRARY).string(), problem);
}

base::Result<Quant> parse_quant(const std::string& name) {
  if (name == "auto") return Quant::Auto;
  if (name == "none") return Quant::None;
  if (name == "int8") return Quant::Int8;
  if (name == "int4") return Quant::Int4;
  return fail(ErrorCode::InvalidInput, "quant '{}': expected auto, none, int8 or int4", name);
}

base::Result<std::unique_ptr<Engine>> load_engine(const LoadOptions& options, const Progress& progress, std::stop_token stop) {
  std::error_code ignored;
  if (!fs::exists(options.path, ignored)) return fail(ErrorCode::NotFound, "{}: there is no such file or folder", options.path.string());
  LoadOptions asked = options;
  if (asked.quant == Quant::Auto) {
    const auto notes = read_model_notes(asked.path);
    if (!notes) return base::forward(notes);
    asked.quant = notes->quant;
  }
  auto library = open_torch_library();
  if (!library) return base::forward(library);
  return (*library)->load(asked, progress, stop);
}

base::Result<BackendInfo> backend_info() {
  auto library = open_torch_library();
  if (!library) return base::forward(library);
  return (*library)->backend_info();
}

}  // namespace engine

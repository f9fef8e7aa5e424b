// pull.h: a model from the hub into the store: listed, chosen, fetched, checked, put in place.
// pull() reuses what the store or the Hugging Face cache has already, keeps parts of files in STORE/OWNER/.NAME.part for
// the next run, and makes the model visible only when all of it is right. One pull of a model at a time (a file lock).
// Progress and remarks are told on the calling thread. Ctrl-C: Cancelled, with the parts kept.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "app/hub/address.h"
#include "app/process/interrupt.h"

namespace app {

struct PullRequest {
  Address asked;
  std::filesystem::path store;
  std::int64_t memory = 0;  // of this machine, for choosing among several sizes
  std::function<void(std::string_view doing, std::int64_t done, std::int64_t of)> progress;
  std::function<void(std::string_view sentence)> say;
};

struct Pulled {
  std::string name;             // what --model takes
  std::filesystem::path path;   // the folder, or the .gguf file
  std::string commit;
  std::int64_t bytes = 0;       // of the model's files
  std::int64_t fetched = 0;     // of them, over the network now
  std::vector<std::string> files;
  bool was_there = false;       // nothing had to be done
};

base::Result<Pulled> pull(const Hub& hub, const PullRequest& request, Interrupt& interrupt);

std::filesystem::path staging_folder(const std::filesystem::path& store, const std::string& owner, const std::string& name);

}  // namespace app

// partial.h: a file that has arrived in part: its bytes in NAME.part, which of them are there in NAME.part.state.
// open() takes up an earlier run's part only where the file is still the same one; write() puts bytes in place, save()
// remembers them (never more than was written), so that a killed program loses at most what came since. Single owner.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "app/hub/listing.h"

namespace app {

class Partial {
 public:
  static base::Result<Partial> open(const std::filesystem::path& path, const RemoteFile& file);
  Partial(Partial&& other) noexcept;
  Partial& operator=(Partial&&) = delete;
  ~Partial();

  base::Result<void> write(std::int64_t offset, std::string_view bytes);
  void forget();               // nothing of it is of use
  base::Result<void> save();
  base::Result<void> finish();  // on the disk; the state is gone
  void discard();               // both files are gone

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::int64_t, std::int64_t>& done() const { return done_; }  // begin -> end, apart from each other
  std::int64_t bytes_done() const;
  bool resumed() const { return resumed_; }  // holds bytes of an earlier run

  std::string etag;  // of the host the bytes came from; strong, or empty
  std::int64_t size = -1;

 private:
  Partial() = default;
  std::filesystem::path state_path() const { return path_.string() + ".state"; }
  bool take_up();

  std::filesystem::path path_;
  std::string identity_;
  int file_ = -1;
  bool resumed_ = false;
  std::map<std::int64_t, std::int64_t> done_;
};

}  // namespace app

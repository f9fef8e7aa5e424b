// work_folder.h: the folder that a fine-tuning works in: gone when that is over, however it ends.
// WorkFolder::make(path) makes it anew; the destructor removes it unless keep() was called. Meanwhile Ctrl-C, a polite kill or a hang-up
// remove it and end the program at once, whatever its other threads compute; between let_ctrl_c_ask() and let_ctrl_c_end() the first
// Ctrl-C only makes asked() true. settle() before what is in it is put in place: from then on signals wait.
// One at a time, on the main thread, before others begin: the threads that follow inherit the blocked signals.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>

#include "app/process/interrupt.h"
#include "base/result.h"

namespace app {

class WorkFolder {
 public:
  static base::Result<std::unique_ptr<WorkFolder>> make(std::filesystem::path path);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void keep() { kept_ = true; }
  void let_ctrl_c_ask() { asks_ = true; }
  void let_ctrl_c_end() { asks_ = false; }
  bool asked() const { return asked_; }
  void settle();

 private:
  explicit WorkFolder(std::filesystem::path path);
  void watch(std::stop_token stop);
  [[noreturn]] void end_by(int signal) const;

  const std::filesystem::path path_;
  Interrupt signals_;
  std::atomic<bool> kept_ = false, asks_ = false, asked_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace app

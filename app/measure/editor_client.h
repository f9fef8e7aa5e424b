// editor_client.h: an editor that is a program: speaks LSP to a server over a transport and notes when each answer came.
// initialize() first; open(), change(), ask() as an editor would; wait() gives the answer to one ask(), or nullopt in time.
// Owns a thread that reads; the transport must outlive it and is closed by the destructor. All else on one thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "app/measure/recording_engine.h"
#include "base/json.h"
#include "base/queue.h"
#include "lsp/documents/positions.h"
#include "lsp/transport/transport.h"

namespace app {

struct Answer {
  Clock::time_point at;
  std::size_t items = 0;
  std::string text;  // of the first item
};

class EditorClient {
 public:
  explicit EditorClient(lsp::Transport& transport);
  ~EditorClient();
  EditorClient(const EditorClient&) = delete;
  EditorClient& operator=(const EditorClient&) = delete;

  base::Result<void> initialize(const base::Json& settings);  // as initializationOptions has them
  void open(const std::string& uri, const std::string& text);
  void close(const std::string& uri);
  void insert(const std::string& uri, std::size_t offset, std::string_view text);
  int ask(const std::string& uri, std::size_t cursor);  // the request's id
  void cancel(int id);
  void save(const std::string& uri);
  std::optional<Answer> wait(int id, Clock::time_point until);
  bool leave();  // shutdown and exit; whether it was answered
  std::size_t twice_answered() const { return twice_answered_; }

 private:
  struct Arrived {
    Clock::time_point at;
    base::Json message;
  };
  struct OpenText {
    std::string text;
    int version = 1;
  };
  void read();
  void send(base::Json message);
  int request(std::string_view method, base::Json params);
  void notify(std::string_view method, base::Json params);
  std::optional<Arrived> reply(int id, Clock::time_point until);
  base::Json position(const std::string& text, std::size_t offset) const;

  lsp::Transport& transport_;
  base::Queue<Arrived> arrived_;
  std::map<int, Arrived> replies_;  // not yet asked for
  std::map<std::string, OpenText> open_;
  std::map<int, int> answered_;
  std::size_t twice_answered_ = 0;
  int last_id_ = 0;
  std::thread reader_;
};

}  // namespace app

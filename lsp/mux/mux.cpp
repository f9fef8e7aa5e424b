#include "lsp/mux/mux.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "base/queue.h"
#include "lsp/mux/router.h"
#include "lsp/rpc/dispatcher.h"
#include "lsp/transport/framing.h"
#include "lsp/transport/memory.h"

namespace lsp {
namespace {

constexpr std::chrono::seconds kFlushPatience{2};

// One side's threads: what it says is handed over body by body, what it is to hear waits in a queue.
class Link {
 public:
  using OnBody = std::function<void(base::Result<std::string>)>;

  Link(Transport& transport, OnBody on_body, std::function<void()> on_end) : transport_(transport) {
    reader_ = std::thread([this, on_body = std::move(on_body), on_end = std::move(on_end)] {
      FrameReader frames;
      std::array<char, 64 * 1024> chunk;
      while (const std::size_t count = transport_.read(chunk)) {
        frames.feed({chunk.data(), count});
        while (auto body = frames.next()) on_body(std::move(*body));
      }
      on_end();
    });
    writer_ = std::thread([this] {
      while (auto body = outgoing_.pop())
        if (!transport_.write(frame(*body))) break;
      written_.set_value();
    });
  }
  ~Link() {
    outgoing_.close();
    flushed_.wait_for(kFlushPatience);  // whoever no longer reads must not keep us
    transport_.close();
    writer_.join();
    reader_.join();
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void send(std::string body) { outgoing_.push(std::move(body)); }

 private:
  Transport& transport_;
  base::Queue<std::string> outgoing_;
  std::promise<void> written_;
  std::future<void> flushed_ = written_.get_future();
  std::thread reader_, writer_;
};

class Mux {
 public:
  Mux(Transport& editor, MuxChild child, OwnServer own, const base::Logger& log)
      : child_(std::move(child)),
        log_(log),
        router_({.send = [this](Peer to, std::string body) { send(to, std::move(body)); },
                 .set_leave_timer = [this](auto after) { set_leave_timer(after); },
                 .log = log,
                 .child_name = child_.name}),
        own_thread_([this, own = std::move(own)] {
          const int code = own(*theirs_);
          theirs_->close();
          asio::post(loop_, [this, code] { end(code); });
        }),
        own_link_(*ours_, bodies(Peer::Own), [] {}),
        child_link_(std::make_unique<Link>(child_.transport, bodies(Peer::Child), [this] { asio::post(loop_, [this] { child_gone(); }); })),
        editor_link_(std::make_unique<Link>(editor, bodies(Peer::Editor), [this] { asio::post(loop_, [this] { ours_->end_output(); }); })) {}

  int run() {
    loop_.run();
    own_thread_.join();
    editor_link_.reset();
    child_link_.reset();
    return exit_code_;
  }

 private:
  Link::OnBody bodies(Peer from) {
    return [this, from](base::Result<std::string> body) {
      asio::post(loop_, [this, from, body = std::move(body)]() mutable { take(from, std::move(body)); });
    };
  }

  void take(Peer from, base::Result<std::string> body) {
    const auto done = guarded("passing a message on", [&] {
      if (body) router_.on_message(from, std::move(*body));
      else log_.warning("{}: {}", from == Peer::Child ? child_.name : "the editor", body.error().message);
    });
    if (!done) log_.error("{}", done.error().message);
  }

  void send(Peer to, std::string body) {
    switch (to) {
      case Peer::Editor: return editor_link_->send(std::move(body));
      case Peer::Child: return child_link_->send(std::move(body));
      case Peer::Own: return own_link_.send(std::move(body));
    }
  }

  void set_leave_timer(std::chrono::milliseconds after) {
    timer_.expires_after(after);
    timer_.async_wait([this](const std::error_code& problem) {
      if (!problem) router_.on_leave_timer();
    });
  }

  void child_gone() {
    if (!router_.leaving()) router_.on_child_gone(child_.ended());
    else router_.on_child_gone("has ended");
  }

  void end(int code) {
    exit_code_ = code;
    loop_.stop();
  }

  MuxChild child_;
  const base::Logger& log_;
  asio::io_context loop_;
  asio::executor_work_guard<asio::io_context::executor_type> stay_ = asio::make_work_guard(loop_);
  asio::steady_timer timer_{loop_};
  std::pair<std::unique_ptr<MemoryTransport>, std::unique_ptr<MemoryTransport>> pair_ = memory_pair();
  std::unique_ptr<MemoryTransport>&ours_ = pair_.first, &theirs_ = pair_.second;
  Router router_;
  int exit_code_ = 1;
  std::thread own_thread_;
  Link own_link_;
  std::unique_ptr<Link> child_link_, editor_link_;
};

}  // namespace

int run_mux(Transport& editor, MuxChild child, OwnServer own, const base::Logger& log) {
  Mux mux(editor, std::move(child), std::move(own), log);
  return mux.run();
}

}  // namespace lsp

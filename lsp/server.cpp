#include "lsp/server.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <variant>

#include "base/queue.h"
#include "lsp/handlers/handlers.h"
#include "lsp/transport/framing.h"

namespace lsp {
namespace {

// What the reader thread hands over: a message, or what is wrong with it.
struct MessageIn {
  std::expected<Message, BadMessage> message;
};
struct ClientGone {
  std::string why;
};
struct LogLine {
  base::LogLevel level;
  std::string text;
};
// Every cause of anything the main loop does.
using Event = std::variant<MessageIn, ClientGone, EngineDone, EngineWrote, ModelProgress, ModelLoaded, AdapterUsed, DraftUsed, MixingLearned, TuningProgress,
                           TuningDone, IndexProgress, TimerFired, LogLine>;

constexpr int kMostNonsense = 32;  // unreadable messages in a row: whoever sends them does not speak LSP
constexpr std::chrono::seconds kFlushPatience{2};

MessageKind message_kind(base::LogLevel level) { return static_cast<MessageKind>(static_cast<int>(level)); }

class Server {
 public:
  Server(Transport& transport, ServerOptions options, ModelLoader load, base::Logger& log);
  int run();

 private:
  void post(Event event) {
    asio::post(loop_, [this, event = std::move(event)]() mutable { handle(std::move(event)); });
  }
  void handle(Event event);
  void on(MessageIn in);
  void on(ClientGone gone);
  void on(EngineDone done) { on_engine_done(session_, std::move(done)); }
  void on(EngineWrote wrote) { on_engine_wrote(session_, std::move(wrote)); }
  void on(ModelProgress progress) { on_model_progress(session_, progress); }
  void on(ModelLoaded loaded) { on_model_loaded(session_, loaded); }
  void on(AdapterUsed used) { on_adapter_used(session_, used); }
  void on(MixingLearned learned) { on_mixing_learned(session_, learned); }
  void on(DraftUsed used) { on_draft_used(session_, used); }
  void on(TuningProgress progress) { on_tuning_progress(session_, progress); }
  void on(TuningDone done) { on_tuning_done(session_, done); }
  void on(IndexProgress progress) { on_index_progress(session_, std::move(progress)); }
  void on(TimerFired fired);
  void on(LogLine line) { client_.log(message_kind(line.level), line.text); }

  void on_message(Request request);
  void on_message(Notification notification);
  void on_message(Reply reply) { client_.on_reply(std::move(reply)); }

  void set_timer(std::chrono::milliseconds after, TimerFired fired);
  void end(int exit_code);

  std::string read_messages();  // the reader thread, until the bytes end; why they ended
  void write_messages();        // the writer thread

  Transport& transport_;
  const ServerOptions options_;
  base::Logger& log_;

  asio::io_context loop_;
  asio::executor_work_guard<asio::io_context::executor_type> stay_ = asio::make_work_guard(loop_);
  base::Queue<std::string> outgoing_;
  Client client_;
  std::unique_ptr<EngineThread> engine_;
  Session session_;
  Dispatcher methods_;
  int nonsense_ = 0;
  int exit_code_ = 1;
};

Server::Server(Transport& transport, ServerOptions options, ModelLoader load, base::Logger& log)
    : transport_(transport),
      options_(std::move(options)),
      log_(log),
      client_([this](std::string body) { outgoing_.push(std::move(body)); }),
      engine_(std::make_unique<EngineThread>(
          std::move(load), options_.complete ? options_.complete : Completer(complete),
          [this](EngineEvent event) { std::visit([this](auto&& one) { post(std::move(one)); }, std::move(event)); })),
      session_{.options = options_,
               .services = {.client = client_,
                            .engine = *engine_,
                            .log = log_,
                            .set_timer = [this](auto after, TimerFired fired) { set_timer(after, fired); },
                            .end = [this](int exit_code) { end(exit_code); },
                            .on_index = [this](IndexProgress progress) { post(std::move(progress)); },
                            .on_tuning = [this](TuningEvent event) { std::visit([this](auto&& one) { post(std::move(one)); }, std::move(event)); }},
               .agreed_settings = options_.settings,
               .settings = options_.settings} {
  add_lifecycle(methods_, session_);
  add_text_sync(methods_, session_);
  add_indexing(methods_, session_);
  add_notebook_sync(methods_, session_);
  add_inline_completion(methods_, session_);
  add_configuration(methods_, session_);
  add_commands(methods_, session_);
  add_adapters(methods_, session_);
  add_popup(methods_, session_);
  add_copilot(methods_, session_);
  log_.set_sink([this](base::LogLevel level, std::string_view text) { post(LogLine{level, std::string(text)}); });
}

int Server::run() {
  std::promise<void> written;
  std::thread reader([this] {
    std::string why;
    const auto done = guarded("reading the client's messages", [&] { why = read_messages(); });
    post(ClientGone{done ? why : done.error().message});
  });
  std::thread writer([this, &written] {
    write_messages();
    written.set_value();
  });
  loop_.run();
  engine_.reset();
  session_.index.reset();
  session_.tuning.reset();
  log_.set_sink({});  // after the last thread that could log
  outgoing_.close();
  // A client that no longer reads must not keep us.
  written.get_future().wait_for(kFlushPatience);
  transport_.close();
  writer.join();
  reader.join();
  return exit_code_;
}

void Server::handle(Event event) {
  const auto done = guarded("handling an event", [&] {
    std::visit([this](auto&& one) { on(std::move(one)); }, std::move(event));
    tell_status(session_);
  });
  if (!done) log_.error("{}", done.error().message);
}

void Server::on(MessageIn in) {
  if (in.message) {
    nonsense_ = 0;
    return std::visit([this](auto&& message) { on_message(std::move(message)); }, std::move(*in.message));
  }
  const BadMessage& bad = in.message.error();
  client_.refuse_unreadable(bad);
  log_.warning("unreadable message: {}", bad.error.message);
  if (++nonsense_ < kMostNonsense) return;
  log_.error("{} unreadable messages in a row: leaving", kMostNonsense);
  end(1);
}

void Server::on(ClientGone gone) {
  if (session_.exit_wanted) return;  // it said that it would; what it asked before is still answered
  log_.info("{}", gone.why);
  end(session_.phase == Phase::Leaving ? 0 : 1);
}

void Server::on(TimerFired fired) {
  switch (fired.alarm) {
    case Alarm::LoadPatience:
      if (session_.model != ModelState::Ready) on_load_patience(session_, fired.key);
      return;
    case Alarm::PopupPatience: return on_popup_patience(session_, fired.key);
    case Alarm::LeavePatience: return leave_now(session_);
    case Alarm::IndexTexts: return index_texts(session_);
    case Alarm::IndexSave: return index_save(session_);
    case Alarm::IndexPatience: return on_index_patience(session_);
    case Alarm::Configuration: return start_loading(session_);
    case Alarm::Quiet: return on_quiet(session_, fired.key);
    case Alarm::Mixing: return learn_mixing(session_);
    case Alarm::WatchClient: return on_watch_client(session_);
  }
}

void Server::on_message(Request request) {
  Responder respond(request.id, [this](const Id& id, Outcome outcome) { client_.reply(id, std::move(outcome)); });
  if (auto refused = refusal(session_, request.method)) return respond.refuse(std::move(*refused));
  methods_.call(request, std::move(respond));
}

void Server::on_message(Notification notification) {
  if (ignores(session_, notification.method)) return;
  const auto done = methods_.call(notification);
  if (!done) log_.warning("{}", done.error().message);
}

void Server::set_timer(std::chrono::milliseconds after, TimerFired fired) {
  auto timer = std::make_shared<asio::steady_timer>(loop_, after);
  timer->async_wait([this, timer, fired](const std::error_code& problem) {
    if (!problem) handle(fired);
  });
}

void Server::end(int exit_code) {
  exit_code_ = exit_code;
  loop_.stop();
}

std::string Server::read_messages() {
  FrameReader frames;
  std::array<char, 64 * 1024> chunk;
  while (const std::size_t count = transport_.read(chunk)) {
    frames.feed({chunk.data(), count});
    while (auto body = frames.next()) {
      if (*body) post(MessageIn{parse_message(**body)});
      else post(MessageIn{std::unexpected(BadMessage{std::nullopt, {RpcError::ParseError, body->error().message}})});
    }
  }
  return frames.at_boundary() ? "the client has left" : "the client has left in the middle of a message";
}

void Server::write_messages() {
  while (auto body = outgoing_.pop()) {
    if (transport_.write(frame(*body))) continue;
    post(ClientGone{"the client no longer reads"});
    return;
  }
}

}  // namespace

int run_server(Transport& transport, ServerOptions options, ModelLoader load, base::Logger& log) {
  Server server(transport, std::move(options), std::move(load), log);
  return server.run();
}

}  // namespace lsp

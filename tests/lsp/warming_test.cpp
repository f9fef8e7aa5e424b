// Work before anyone asks: begun at a change, taken over by the request for it, and in nobody's way.
#include <atomic>
#include <mutex>

#include "lsp/completion/warm_up.h"
#include "lsp/context/anchors.h"
#include "lsp/server_client.h"
#include "support/fake_model.h"

using tests::Json;
using tests::ServerUnderTest;

namespace {

// Says what was asked for, a little later; each query once.
struct Counted {
  std::atomic<int> begun = 0, stopped = 0;
  std::chrono::milliseconds takes{30};
  lsp::Completer completer() {
    return [this](const lsp::Query& query, const lsp::Deps& deps, std::stop_token stop) -> base::Result<lsp::Completion> {
      ++begun;
      for (auto left = takes; left.count() > 0 && !stop.stop_requested(); --left) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (stop.stop_requested()) {
        ++stopped;
        return base::cancelled();
      }
      return tests::writes("-at-" + std::to_string(query.cursor))(query, deps, stop);
    };
  }
  void wait_begun(int count) const {
    while (begun < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
};

void type(ServerUnderTest& server, int version, int line, int character, std::string_view text) {
  const Json at = {{"line", line}, {"character", character}};
  server.notify("textDocument/didChange", {{"textDocument", {{"uri", "file:///a"}, {"version", version}}},
                                           {"contentChanges", Json::array({{{"range", {{"start", at}, {"end", at}}}, {"text", text}}})}});
}

std::string text_of(const Json& reply) {
  const Json& items = reply.at("result").at("items");
  return items.empty() ? "" : items[0].at("insertText").get<std::string>();
}

lsp::Query query_at(const std::string& text, std::size_t cursor) {
  return {.document = {.uri = "file:///a.py", .language_id = "python", .content = std::make_shared<const std::string>(text)},
          .cursor = cursor,
          .invocation = lsp::Invocation::Explicit};
}

// Writes what the test says, when it says so, and tells the server of it as it goes.
class Writing {
 public:
  std::atomic<int> begun = 0, stopped = 0;
  std::atomic<bool> told = false;

  lsp::Completer completer() {
    return [this](const lsp::Query& query, const lsp::Deps& deps, std::stop_token stop) -> base::Result<lsp::Completion> {
      told = false;
      ++begun;
      for (std::string heard;;) {
        if (stop.stop_requested()) {
          ++stopped;
          return base::cancelled();
        }
        const auto [text, ended] = take();
        if (ended) return tests::writes(text)(query, deps, stop);
        if (!text.empty() && text != heard) deps.on_text(heard = text), told = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    };
  }
  void say(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  void end(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text), ended_ = true;
  }
  void wait_begun(int count) const {
    while (begun < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  std::pair<std::string, bool> take() {
    const std::lock_guard lock(mutex_);
    const std::pair<std::string, bool> out{text_, ended_};
    if (ended_) text_.clear(), ended_ = false;
    return out;
  }
  std::mutex mutex_;
  std::string text_;
  bool ended_ = false;
};

// A client that has changed a document and asked again.
void get_going_writing(ServerUnderTest& server, Writing& writing) {
  server.initialize();
  server.open("x\nint");
  writing.end("1");
  server.ask_inline(1, 3);
  type(server, 2, 1, 3, "a");
  writing.end("2");
  CHECK(text_of(server.ask_inline(1, 4)) == "2");
  writing.say("");
}

void get_going(ServerUnderTest& server) {
  server.initialize();
  server.open("x\nint");
  server.ask_inline(1, 3);
  type(server, 2, 1, 3, "a");
  CHECK(text_of(server.ask_inline(1, 4)) == "-at-6");
}

}  // namespace

TEST_CASE("what is typed is worked on at once, and the request for it takes that over") {
  Counted counted;
  ServerUnderTest server({.complete = counted.completer()});
  get_going(server);
  CHECK(counted.begun == 2);  // nobody knew yet that this client asks after each change
  type(server, 3, 1, 4, "b");
  counted.wait_begun(3);
  CHECK(text_of(server.ask_inline(1, 5)) == "-at-7");
  CHECK(counted.begun == 3);
  CHECK(counted.stopped == 0);
  type(server, 4, 1, 5, "()");  // with the cursor between them
  counted.wait_begun(4);
  CHECK(text_of(server.ask_inline(1, 6)) == "-at-8");
  CHECK(counted.begun == 4);
  for (const auto& [id, times] : server.answers()) CHECK(times == 1);
}

TEST_CASE("work for a place that is not asked for is dropped, and so is work for a text that was changed elsewhere") {
  Counted counted;
  ServerUnderTest server({.complete = counted.completer()});
  get_going(server);
  counted.takes = std::chrono::seconds(20);
  type(server, 3, 1, 4, "b");
  counted.wait_begun(3);
  type(server, 4, 0, 1, "c");
  counted.wait_begun(4);
  CHECK(counted.stopped == 1);
  counted.takes = std::chrono::milliseconds(1);
  CHECK(text_of(server.ask_inline(0, 1)) == "-at-1");
  CHECK(counted.stopped == 2);
}

TEST_CASE("work goes on while what is typed agrees with what it writes, and the latest request gets it") {
  Writing writing;
  ServerUnderTest server({.complete = writing.completer()});
  get_going_writing(server, writing);
  type(server, 3, 1, 4, "=");  // begun in the background at this change
  writing.wait_begun(3);
  writing.say(" so");
  type(server, 4, 1, 5, " ");
  const int older = server.start_inline(1, 6);
  type(server, 5, 1, 6, "s");
  const int newer = server.start_inline(1, 7);
  CHECK(text_of(server.reply(older)).empty());
  type(server, 6, 1, 7, "om");  // ahead of what is written
  const int newest = server.start_inline(1, 9);
  CHECK(text_of(server.reply(newer)).empty());
  writing.say(" some text");
  writing.end();
  CHECK(text_of(server.reply(newest)) == "e text");
  CHECK(writing.begun == 3);
  CHECK(writing.stopped == 0);
  type(server, 7, 1, 9, "e");
  CHECK(text_of(server.ask_inline(1, 10)) == " text");  // typed through, without the model
  CHECK(writing.begun == 3);
  for (const auto& [id, times] : server.answers()) CHECK(times == 1);
}

TEST_CASE("work gives way where what is typed disagrees, at once or as soon as more is written") {
  const bool at_once = GENERATE(true, false);
  Writing writing;
  ServerUnderTest server({.complete = writing.completer()});
  get_going_writing(server, writing);
  type(server, 3, 1, 4, "=");
  writing.wait_begun(3);
  if (at_once) writing.say(" other");
  while (at_once && !writing.told) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  type(server, 4, 1, 5, " s");
  const int id = server.start_inline(1, 7);
  if (!at_once) writing.say(" other");
  writing.wait_begun(4);
  CHECK(writing.stopped == 1);
  writing.say("ome text");
  writing.end();
  CHECK(text_of(server.reply(id)) == "ome text");
  CHECK(writing.begun == 4);
}

TEST_CASE("work that ends in a suggestion which is not for the text as it is by then is made again") {
  Writing writing;
  ServerUnderTest server({.complete = writing.completer()});
  get_going_writing(server, writing);
  type(server, 3, 1, 4, "=");
  writing.wait_begun(3);
  type(server, 4, 1, 5, "x");
  const int id = server.start_inline(1, 6);
  writing.end(" without having told of it");
  writing.wait_begun(4);
  writing.end("yz");
  CHECK(text_of(server.reply(id)) == "yz");
  CHECK(writing.stopped == 0);
}

TEST_CASE("work that was taken over can be cancelled like any request") {
  Counted counted;
  ServerUnderTest server({.complete = counted.completer()});
  get_going(server);
  counted.takes = std::chrono::seconds(20);
  type(server, 3, 1, 4, "b");
  counted.wait_begun(3);
  const int id = server.start_inline(1, 5);
  server.cancel(id);
  CHECK(server.reply(id).at("error").at("code") == -32800);
  while (counted.stopped == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(server.shut_down() == 0);
}

TEST_CASE("a paste, a deletion, a change of the whole text and a silent language begin nothing") {
  Counted counted;
  ServerUnderTest server({.complete = counted.completer()});
  get_going(server);
  type(server, 3, 1, 4, std::string(300, 'p'));
  server.notify("textDocument/didChange", {{"textDocument", {{"uri", "file:///a"}, {"version", 4}}},
                                           {"contentChanges", Json::array({{{"text", "all new"}}})}});
  server.notify("workspace/didChangeConfiguration", {{"settings", {{"rigpilot", {{"completion", {{"enabled", false}}}}}}}});
  type(server, 5, 0, 0, "b");
  server.ask_inline(0, 1);
  CHECK(counted.begun == 2);
}

TEST_CASE("a file that was warmed up when it was opened costs a request near its start next to nothing") {
  engine::Script script;
  script.otherwise.text = "answer\n";
  const auto model = tests::fake_model(std::move(script));
  std::string text;
  for (int i = 0; i < 12; ++i) text += "line " + std::to_string(i) + " of a short file\n";
  const lsp::Query query = query_at(text, text.find("of a short file\nline 9"));
  lsp::CompletionSettings settings;
  lsp::Anchors anchors;
  const lsp::Deps deps{.model = *model, .settings = settings, .anchors = &anchors};
  REQUIRE(lsp::warm_up({.query = query, .opened = true}, deps, {}));
  auto first = lsp::complete(query, deps, {});
  REQUIRE(first);
  const auto& timings = first->timings.engine;
  CHECK(timings.prefill_tokens < timings.prompt_tokens - 150);  // what stands before the cursor was there
  REQUIRE(lsp::warm_up({.query = query}, deps, {}));
  auto again = lsp::complete(query, deps, {});
  REQUIRE(again);
  CHECK(again->timings.engine.prefill_tokens <= 2);
}

TEST_CASE("a warm-up cuts the window for the cursor's own line; one that is stopped leaves the old window") {
  const auto model = tests::fake_model("answer\n");
  std::string text;
  for (int i = 0; i < 50; ++i) text += "line " + std::to_string(i) + " of a file\n";
  lsp::CompletionSettings settings;
  lsp::Anchors anchors;
  const lsp::Deps deps{.model = *model, .settings = settings, .anchors = &anchors};
  std::size_t cursor = text.find("line 30");
  REQUIRE(lsp::complete(query_at(text, cursor), deps, {}));
  text.insert(cursor, "new line\nx");
  cursor += 10;
  REQUIRE(lsp::complete(query_at(text, cursor), deps, {}));
  CHECK(anchors.stale("file:///a.py", lsp::line_at(text, cursor)));
  std::stop_source stopped;
  stopped.request_stop();
  REQUIRE(lsp::warm_up({.query = query_at(text, cursor)}, deps, stopped.get_token()));
  CHECK(anchors.stale("file:///a.py", lsp::line_at(text, cursor)));
  REQUIRE(lsp::warm_up({.query = query_at(text, cursor)}, deps, {}));
  CHECK_FALSE(anchors.stale("file:///a.py", lsp::line_at(text, cursor)));
  auto after = lsp::complete(query_at(text, cursor), deps, {});
  REQUIRE(after);
  CHECK(after->timings.engine.prefill_tokens <= 2);
}

// Learning the workspace's code while the server runs, and adapters of the model at work.
#include <atomic>

#include "lsp/server_client.h"
#include "support/fake_model.h"
#include "support/temp_folder.h"

using tests::Json;
using tests::ServerUnderTest;

namespace {

// An engine that takes adapters; "bad" is none.
struct Noting : engine::Engine {
  engine::ModelInfo own;
  const engine::ModelInfo& info() const override { return own; }
  base::Result<engine::Generation> generate(const engine::GenerateRequest&, const engine::OnToken&, std::stop_token) override { return engine::Generation{}; }
  base::Result<std::vector<float>> score(std::span<const engine::TokenId>, std::stop_token, const engine::OnLogits&) override { return std::vector<float>{}; }
  base::Result<void> use_adapter(const std::filesystem::path& folder) override {
    if (folder.filename() == "bad") return base::fail(base::ErrorCode::InvalidInput, "bad: is no adapter");
    return {};
  }
};

lsp::ModelLoader noting() {
  return [](const auto&, std::stop_token) -> base::Result<std::unique_ptr<lsp::Model>> {
    auto model = tests::fake_model("x");
    model->name = "tiny";
    model->engine = std::make_unique<Noting>();
    return model;
  };
}

Json command(ServerUnderTest& server, std::string_view name, Json arguments = Json::array()) {
  return server.ask("workspace/executeCommand", {{"command", name}, {"arguments", std::move(arguments)}});
}

// Until the status says so; the engine thread and the tuning thread have their own pace.
Json status_with(ServerUnderTest& server, const std::function<bool(const Json&)>& wanted) {
  for (int tries = 0; tries < 5000; ++tries) {
    const Json status = command(server, "rigpilot.server.status").at("result");
    if (wanted(status)) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  FAIL("the status never was as wanted");
  return {};
}

bool ready(const Json& status) { return status.at("state") == "ready"; }

void initialize(ServerUnderTest& server, const std::filesystem::path& root, Json options = Json::object()) {
  server.ask("initialize", {{"processId", nullptr}, {"rootUri", "file://" + root.string()}, {"initializationOptions", std::move(options)},
                            {"capabilities", {{"window", {{"workDoneProgress", true}}}}}});
  server.notify("initialized");
  status_with(server, ready);
}

constexpr const char* kLearning = "rigpilot/finetune";  // the progress's token

// Answers what the server asks about the progress of learning: yes. Loading the model may have asked for one before.
void say_yes(ServerUnderTest& server) {
  for (;;) {
    const Json asked = server.next("window/workDoneProgress/create");
    server.send({{"jsonrpc", "2.0"}, {"id", asked.at("id")}, {"result", nullptr}});
    if (asked.at("params").at("token") == kLearning) return;
  }
}

// The value of learning's next progress of a kind; the model's own is passed over.
Json progress(ServerUnderTest& server, std::string_view kind) {
  for (;;) {
    const Json params = server.next("$/progress", kind).at("params");
    if (params.at("token") == kLearning) return params.at("value");
  }
}

}  // namespace

TEST_CASE("an adapter is taken and given back while the server runs") {
  tests::TempFolder root;
  ServerUnderTest server({}, noting());
  initialize(server, root.path());
  CHECK(command(server, "rigpilot.server.useAdapter", {"/adapters/one"}).contains("result"));
  CHECK(status_with(server, [](const Json& s) { return s.contains("adapter"); }).at("adapter") == "/adapters/one");
  command(server, "rigpilot.server.useAdapter", {"/adapters/bad"});
  CHECK(server.next("window/showMessage").at("params").at("message") == "Rigpilot goes on without a change: bad: is no adapter");
  CHECK(command(server, "rigpilot.server.status").at("result").at("adapter") == "/adapters/one");
  command(server, "rigpilot.server.useAdapter", {"none"});
  status_with(server, [](const Json& s) { return !s.contains("adapter"); });
  CHECK(command(server, "rigpilot.server.useAdapter").at("error").at("message").get<std::string>().find("arguments") != std::string::npos);
}

TEST_CASE("the workspace's own adapter is used once the model is there, unless the setting says otherwise") {
  tests::TempFolder root;
  lsp::ServerOptions options;
  options.workspace_adapter = [&](const std::filesystem::path& folder, const std::string& model) {
    CHECK(model == "tiny");
    return folder == root.path() ? std::filesystem::path("/adapters/own") : std::filesystem::path();
  };
  ServerUnderTest own(options, noting());
  initialize(own, root.path());
  CHECK(status_with(own, [](const Json& s) { return s.contains("adapter"); }).at("adapter") == "/adapters/own");
  ServerUnderTest other(options, noting());
  initialize(other, root.path(), {{"model", {{"adapter", "/adapters/other"}}}});
  CHECK(status_with(other, [](const Json& s) { return s.contains("adapter"); }).at("adapter") == "/adapters/other");
  other.notify("workspace/didChangeConfiguration", {{"settings", {{"rigpilot", {{"model.adapter", "none"}}}}}});
  status_with(other, [](const Json& s) { return !s.contains("adapter"); });
}

TEST_CASE("learning tells its progress, and what was learned is used at once") {
  tests::TempFolder root;
  std::atomic<bool> go = false;
  lsp::ServerOptions options;
  options.tune = [&](const lsp::TuningWish& wish, const auto& tell, std::stop_token stop) -> base::Result<lsp::Tuned> {
    CHECK(wish.root == root.path());
    CHECK(wish.rank == 4);
    while (!go && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    tell({40, "training"});
    return lsp::Tuned{"/adapters/learned", "better than before"};
  };
  ServerUnderTest server(options, noting());
  initialize(server, root.path());
  const Json reply = command(server, "rigpilot.server.finetune", Json::array({{{"rank", 4}}}));
  CHECK(reply.at("result").at("learning") == true);
  CHECK(command(server, "rigpilot.server.finetune").at("error").at("message") == "the workspace's code is being learned already");
  say_yes(server);
  CHECK(progress(server, "begin").at("cancellable") == true);
  go = true;
  CHECK(progress(server, "report").at("percentage") == 40);
  CHECK(progress(server, "end").at("message") == "better than before");
  CHECK(status_with(server, [](const Json& s) { return s.contains("adapter"); }).at("adapter") == "/adapters/learned");
  CHECK_FALSE(command(server, "rigpilot.server.status").at("result").contains("learning"));
}

TEST_CASE("learning ends where the user cancels it or the server leaves, and a failure is told") {
  tests::TempFolder root;
  std::atomic<int> ended = 0;
  lsp::ServerOptions options;
  options.tune = [&](const lsp::TuningWish& wish, const auto&, std::stop_token stop) -> base::Result<lsp::Tuned> {
    if (wish.rank == 1) return base::fail(base::ErrorCode::Failed, "nothing is installed: it was worse");
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++ended;
    return base::cancelled();
  };
  {
    ServerUnderTest server(options, noting());
    initialize(server, root.path());
    command(server, "rigpilot.server.finetune");
    say_yes(server);
    progress(server, "begin");
    server.notify("window/workDoneProgress/cancel", {{"token", kLearning}});
    CHECK(progress(server, "end").at("message") == "cancelled");
    CHECK(ended == 1);
    command(server, "rigpilot.server.finetune", Json::array({{{"rank", 1}}}));
    CHECK(server.next("window/showMessage").at("params").at("message") == "Rigpilot: nothing is installed: it was worse");
    command(server, "rigpilot.server.finetune");
    CHECK(server.shut_down() == 0);
  }
  CHECK(ended == 2);
  ServerUnderTest homeless(options, noting());
  homeless.initialize();
  CHECK(command(homeless, "rigpilot.server.finetune").at("error").at("message").get<std::string>().find("no workspace") != std::string::npos);
}

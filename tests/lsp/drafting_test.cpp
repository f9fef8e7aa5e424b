// The setting model.draft: a smaller model drafts for the one at work, is changed and given back while the server runs.
#include "lsp/server_client.h"
#include "support/fake_model.h"

using tests::Json;
using tests::ServerUnderTest;

namespace {

struct Drafted : engine::Engine {
  engine::ModelInfo own;
  const engine::ModelInfo& info() const override { return own; }
  base::Result<engine::Generation> generate(const engine::GenerateRequest&, const engine::OnToken&, std::stop_token) override { return engine::Generation{}; }
  base::Result<std::vector<float>> score(std::span<const engine::TokenId>, std::stop_token, const engine::OnLogits&) override { return std::vector<float>{}; }
  base::Result<void> use_draft(const std::filesystem::path& path, std::stop_token) override {
    if (path == "slow") return base::fail(base::ErrorCode::Unsupported, "slow: drafts need int8 or int4");
    if (path == "other") return base::fail(base::ErrorCode::InvalidInput, "other: has another vocabulary");
    own.draft = path.string();
    return {};
  }
};

struct Drafting {
  ServerUnderTest server;

  explicit Drafting(const std::string& at_first) : server(options(at_first), [](const auto&, std::stop_token) -> base::Result<std::unique_ptr<lsp::Model>> {
    auto model = tests::fake_model("x");
    model->engine = std::make_unique<Drafted>();
    return model;
  }) {
    server.ask("initialize", {{"processId", nullptr}, {"rootUri", nullptr}, {"capabilities", Json::object()}});
    server.notify("initialized");
  }

  static lsp::ServerOptions options(const std::string& draft) {
    lsp::ServerOptions out;
    out.settings.model.draft = draft;
    out.use_draft = [](lsp::Model& model, const std::string& name, std::stop_token stop) { return model.engine->use_draft(name == "none" ? "" : name, stop); };
    return out;
  }

  void set(const char* draft) { server.notify("workspace/didChangeConfiguration", {{"settings", {{"rigpilot", {{"model.draft", draft}}}}}}); }

  std::string draft() {
    return server.ask("workspace/executeCommand", {{"command", "rigpilot.server.status"}}).at("result").value("draft", std::string());
  }
  // Until it is so: the engine thread has its own pace.
  void expect(const std::string& wanted) {
    for (int tries = 0; tries < 5000 && draft() != wanted; ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(draft() == wanted);
  }
};

}  // namespace

TEST_CASE("a draft model follows the setting, from the start and later") {
  Drafting test("small");
  test.expect("small");
  test.set("tiny");
  test.expect("tiny");
  test.set("none");
  test.expect("");
}

TEST_CASE("a draft model that does not fit is told, and the one before stays") {
  Drafting test("small");
  test.expect("small");
  test.set("slow");  // a line in the log
  test.set("other");
  CHECK(test.server.next("window/showMessage").at("params").at("message") == "Rigpilot goes on without this draft model: other: has another vocabulary");
  CHECK(test.draft() == "small");
}

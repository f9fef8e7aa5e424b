// `rigpilot model pull OWNER/NAME[@REV][:FILE]`: fetches a model into the store.
#include <memory>

#include "app/console.h"
#include "app/hub/pull.h"
#include "app/model_commands.h"
#include "app/store.h"
#include "base/machine.h"

namespace app {
namespace {

using Clock = std::chrono::steady_clock;

// "1.2 of 3.1 GB, 45.0 MB/s, 42 s left", at the speed of the last seconds.
class Speed {
 public:
  std::string describe(std::int64_t done, std::int64_t of) {
    const auto now = Clock::now();
    if (mark_ == Clock::time_point{}) mark_ = now, marked_ = done;
    const double seconds = std::chrono::duration<double>(now - mark_).count();
    if (seconds >= 0.5) {
      const double fresh = double(done - marked_) / seconds;
      rate_ = rate_ <= 0 ? fresh : 0.8 * rate_ + 0.2 * fresh;
      mark_ = now, marked_ = done;
    }
    std::string out = fmt::format("{} of {}", human_bytes(double(done)), human_bytes(double(of)));
    if (rate_ <= 0) return out;
    out += fmt::format(", {}/s", human_bytes(rate_));
    const auto left = static_cast<long long>(double(of - done) / rate_);
    return out + (left < 60 ? fmt::format(", {} s left", left) : fmt::format(", {}:{:02} min left", left / 60, left % 60));
  }

 private:
  Clock::time_point mark_{};
  std::int64_t marked_ = 0;
  double rate_ = 0;
};

int pull_model(const std::string& what, const std::string& endpoint, bool json) {
  const auto asked = parse_address(what);
  if (!asked) return wrong_use(asked.error().message);
  const auto hub = hub_from_environment(endpoint);
  if (!hub) return wrong_use(hub.error().message);
  if (hub->token.empty() && std::getenv("HF_TOKEN") && *std::getenv("HF_TOKEN"))
    note(fmt::format("HF_TOKEN is not sent to {}: it would cross the network in the clear", hub->endpoint));
  base::Result<Pulled> done;
  {
    Interrupt interrupt;
    ProgressBar bar("fetching");
    Speed speed;
    const auto progress = [&](std::string_view doing, std::int64_t seen, std::int64_t of) {
      bar.rename(std::string(doing));
      bar.show(of > 0 ? double(seen) / double(of) : 0, doing == "fetching" ? speed.describe(seen, of) : "");
    };
    done = pull(*hub, {*asked, store_folder(), base::describe_machine().memory_bytes, progress, [](std::string_view sentence) { note(sentence); }},
                interrupt);
  }
  if (!done && done.error().code == base::ErrorCode::Cancelled) {
    note("stopped: what has arrived is kept, and the same command goes on from there");
    return kFailed;
  }
  if (!done) return report(done.error());
  if (json) {
    print_json({{"name", done->name},
                {"path", done->path.string()},
                {"revision", done->commit},
                {"bytes", done->bytes},
                {"fetched", done->fetched},
                {"files", done->files}});
  } else {
    print(fmt::format("{}  {}\n", done->name, done->path.string()));
    note(done->was_there ? fmt::format("{} was there already", done->name)
                         : fmt::format("{} ({}) is ready: rigpilot lsp --model {}", done->name, human_bytes(double(done->bytes)), done->name));
  }
  return kDone;
}

}  // namespace

void add_model_pull(CLI::App& model, Run& run) {
  CLI::App& command = *model.add_subcommand(
      "pull", "Fetches a model into the store: what it needs and nothing else, checked, going on after a cut.");
  struct Options {
    std::string what, hub;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  command.add_option("model", options->what, "the repository; of a hub's GGUF files one, by name or by its kind (:Q4_K_M)")
      ->required()
      ->type_name("OWNER/NAME[@REV][:FILE]");
  command.add_option("--hub", options->hub, "the hub's address (default: HF_ENDPOINT, else https://huggingface.co)")->type_name("URL");
  command.add_flag("--json", options->json, "one line of JSON");
  command.footer(R"(Examples:
  rigpilot model pull Qwen/Qwen2.5-Coder-0.5B
  rigpilot model pull Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF:Q4_K_M
  rigpilot model pull bigcode/starcoder2-3b@main --hub https://hub.example.org

HF_TOKEN opens private and gated repositories; it is sent to the hub alone. What the Hugging Face cache (HF_HOME) holds
is not fetched again. Ctrl-C keeps what has arrived.)");
  command.callback([&run, options] { run = [options] { return pull_model(options->what, options->hub, options->json); }; });
}

}  // namespace app

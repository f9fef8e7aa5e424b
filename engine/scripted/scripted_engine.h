// scripted_engine.h: an Engine that replays a script instead of running a model: exact text at exact times, for tests.
// load_scripted(path) takes as long as the script says; the engine speaks the ids of tokenizer/byte_tokenizer.h.
// Keeps Engine's promises: bans, steering, end ids, a stop token obeyed at once even inside a delay, a prompt cache.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <vector>

#include "engine/engine.h"
#include "engine/load.h"
#include "engine/scripted/script.h"

namespace engine {

class ScriptedEngine final : public Engine {
 public:
  explicit ScriptedEngine(Script script, double load_ms = 0);

  const Script& script() const { return script_; }  // script().fim: which byte tokenizer goes with it
  const ModelInfo& info() const override { return info_; }
  base::Result<Generation> generate(const GenerateRequest& request, const OnToken& on_token, std::stop_token stop) override;
  base::Result<std::vector<float>> score(std::span<const TokenId> ids, std::stop_token stop, const OnLogits& on_logits) override;

 private:
  base::Result<void> check(std::span<const TokenId> ids) const;
  bool prefill(const GenerateRequest& request, Timings& timings, std::stop_token stop);
  StopReason decode(const GenerateRequest& request, const OnToken& on_token, const ScriptReply& reply, Generation& out,
                    std::stop_token stop);

  Script script_;
  ModelInfo info_;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer_;
  ScriptProgress progress_;
  std::vector<TokenId> kept_;  // the ids whose keys and values a real engine would have
};

base::Result<std::unique_ptr<ScriptedEngine>> load_scripted(const std::filesystem::path& path, const Progress& progress = nullptr,
                                                            std::stop_token stop = {});

}  // namespace engine

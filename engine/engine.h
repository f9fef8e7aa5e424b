// engine.h: a loaded language model: token ids in, token ids out.
// load_engine() (load.h) makes one; generate() continues a prompt and hands each id to `on_token`; score() rates a text.
// One thread at a time uses an Engine (the engine thread); only the stop token may be touched by another.
// The engine keeps the keys and values of recent prompts: a prompt that starts like an earlier one computes only the rest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "tokenizer/tokenizer.h"

namespace engine {

using tokenizer::TokenId;
class NgramIndex;

constexpr const char* kCopyArchitecture = "copy";  // ModelInfo::architecture of copying without a model (ngram/copy_engine.h)

struct ModelInfo {
  std::string architecture;  // "llama"
  std::string name;          // as the model calls itself, or the file's name
  std::int64_t parameters = 0;
  std::int64_t vocab_size = 0;
  std::int64_t context_length = 0;
  std::int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_width = 0;
  std::string device;  // "cpu", "cuda:0"
  std::string dtype;   // what activations and unquantised weights are: "float32", "bfloat16", "float16"
  std::string quant;   // "none", "int8", "q4_1", ...: how the weights are held
  std::int64_t resident_bytes = 0;  // weights in memory
  bool takes_workspace = false;     // a workspace helps: it is copied from, or drafts and next tokens come from it
  std::string adapter;              // the folder of the one in use; empty: none
  std::string draft;                // the draft model in use, as it calls itself; empty: none
  std::int64_t draft_bytes = 0;     // its weights in memory
  std::vector<TokenId> end_ids;     // as the model's configuration names them; may be empty
  double load_ms = 0;
};

// temperature 0: greedy (the first of equals). Filters apply in the order top_k, top_p, min_p, on temperature-scaled logits.
struct Sampling {
  double temperature = 0;
  int top_k = 0;     // 0: off
  double top_p = 1;  // 1: off; nucleus sampling, Holtzman et al. 2019
  double min_p = 0;  // 0: off; Nguyen et al. 2024
  std::uint64_t seed = 0;
};

// Whether an answer goes on, says nothing, or is complete.
enum class Ending { Open, Empty, Complete };

// An answer and the beginning of what stands behind it, as plain text: ids to follow GenerateRequest::text_before (or the prompt).
struct Onward {
  std::vector<TokenId> ids;
  std::size_t counted = 0;  // from here on they are what stands behind
};

struct GenerateRequest {
  std::vector<TokenId> prompt;  // at least one id, each inside the vocabulary
  int max_tokens = 64;  // 0: only the prompt's keys and values are computed, for a later request
  Sampling sampling;
  std::vector<TokenId> end_ids;     // generation ends before any of these; it is not part of the result
  std::vector<TokenId> banned_ids;  // never chosen (special tokens that must not leak)
  // What else is known of the next token, mixed into its logits (f32, host, vocab_size of them, up to a constant) before all that
  // follows: from there on that is the model's own distribution. `so_far` as below.
  std::function<void(std::span<const TokenId> so_far, std::span<float> logits)> mix{};
  // May change the next token's logits (f32, host, vocab_size of them) before one is chosen; `so_far` are the ids
  // generated up to here. For token healing and other constraints.
  std::function<void(std::span<const TokenId> so_far, std::span<float> logits)> steer;
  // What the workspace holds, in this model's ids (ngram/index.h): copied from, and drafted from. Null: the model alone.
  std::shared_ptr<const NgramIndex> workspace = nullptr;
  // What stands before the first token as plain text, to look it up by, where the prompt is arranged otherwise. Empty: the prompt.
  std::vector<TokenId> text_before;
  // Whether tokens that the prompt or the workspace suggest may be verified several at once. It changes the time, never the ids.
  bool drafts = true;
  bool draft_model = true;  // of them, those that a draft model writes, where there is one (Engine::use_draft)
  // Beam search (generate/beam_search.h): so many answers are followed side by side, and the likeliest of those that `ending` calls
  // complete is given. 1: each token the likeliest one. Only where the temperature is 0; no drafts are verified then.
  int beams = 1;
  std::function<Ending(std::span<const TokenId> so_far, bool end_token)> ending{};
  // With beams: what to read on to from a complete answer. Of answers that are nearly as likely the one is given that this fits behind
  // (generate/onward.h). Empty: the likeliest is.
  std::function<Onward(std::span<const TokenId> answer)> onward{};
};

enum class Verdict { Continue, Stop };
struct GeneratedToken {
  TokenId id = 0;
  float logprob = 0;  // of this id under the model's own distribution (temperature 1, before filters and bans)
};
// Called once for each id, in order, on the caller's thread. Stop keeps the id and ends.
using OnToken = std::function<Verdict(const GeneratedToken&)>;
// A row of logits, one for each id of the vocabulary, up to a constant; only looked at during the call.
using OnLogits = std::function<void(std::span<const float>)>;

enum class StopReason {
  EndToken,     // the model chose one of end_ids
  MaxTokens,    // max_tokens were generated
  ContextFull,  // no room after the last token
  Caller,       // on_token said Stop
  Cancelled,    // the stop token; what was generated so far is in the result
};
const char* stop_reason_name(StopReason reason);  // "end", "length", "context", "caller", "cancelled"

struct Timings {
  std::int64_t prompt_tokens = 0;
  std::int64_t prefill_tokens = 0;  // of them, computed now (the others were kept from before)
  double prefill_ms = 0;
  std::int64_t decode_tokens = 0;
  double decode_ms = 0;
  std::int64_t drafted_tokens = 0;   // verified beside the tokens that were due
  std::int64_t accepted_tokens = 0;  // of them, those that the model chose too
  std::int64_t model_drafted_tokens = 0, model_accepted_tokens = 0;  // of both, those that a draft model wrote
};

struct Generation {
  std::vector<TokenId> ids;
  std::vector<float> logprobs;  // one for each id
  StopReason stop = StopReason::MaxTokens;
  Timings timings;
};

class Engine {
 public:
  virtual ~Engine() = default;

  virtual const ModelInfo& info() const = 0;

  // Continues the prompt. The stop token is looked at between the layers of a pass; when it fires the result
  // is what there is, with StopReason::Cancelled. Errors: an empty or too long prompt, an id outside the vocabulary,
  // no memory on the device. After an error the engine is still good for the next request.
  virtual base::Result<Generation> generate(const GenerateRequest& request, const OnToken& on_token,
                                            std::stop_token stop) = 0;

  // Log-probability (natural) of ids[i] given those before it, for i = 1 .. n-1: n-1 values. Longer texts than the
  // context are scored in windows that keep half a context of history. `on_logits` sees what each value came from, in order.
  virtual base::Result<std::vector<float>> score(std::span<const TokenId> ids, std::stop_token stop, const OnLogits& on_logits = {}) = 0;

  // From the next request on the model answers with this LoRA adapter (engine/adapter/adapter.h) in place of the one before, if any; an
  // empty path: with none. Takes milliseconds; the base stays loaded. After an error all is as it was.
  virtual base::Result<void> use_adapter(const std::filesystem::path& folder) {
    return base::fail(base::ErrorCode::Unsupported, "{}: this model takes no adapters", folder.string());
  }

  // From the next request on this smaller model, a folder or a .gguf file of the same vocabulary, drafts for the model, in place of the
  // one before, if any; an empty path: none. It changes the time, never the ids. Takes as long as loading it. Unsupported where the model
  // verifies no drafts, as only those do that are quantised and run on the CPU. After an error all is as it was.
  virtual base::Result<void> use_draft(const std::filesystem::path& path, std::stop_token) {
    return base::fail(base::ErrorCode::Unsupported, "{}: this model takes no draft model", path.string());
  }
};

}  // namespace engine

#include "engine/scripted/script.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <utility>

#include "base/files.h"
#include "base/json.h"

namespace engine {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;
using base::Result;

using Regex = std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)>;

Regex compile(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE at = 0;
  return {pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_MULTILINE, &error, &at, nullptr),
          &pcre2_code_free};
}

bool found(const std::string& pattern, std::string_view text) {
  const Regex regex = compile(pattern);
  if (!regex) return false;
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(pcre2_match_data_create(1, nullptr),
                                                                                 &pcre2_match_data_free);
  return pcre2_match(regex.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, match.get(), nullptr) >= 0;
}

// Reads the fields of one object; the first thing wrong is kept, everything after it is skipped.
class Fields {
 public:
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) error_ = fmt::format("{}: expected an object, found {}", where_, base::json_type_name(object)), bad_ = true;
  }

  template <class T>
  void read(std::string_view name, T& into) {
    if (const Json* value = find(name)) take(name, *value, into);
  }
  template <class T>
  void read(std::string_view name, std::optional<T>& into) {
    const Json* value = find(name);
    if (!value) return;
    T read_value{};
    take(name, *value, read_value);
    into = std::move(read_value);
  }
  const Json* find(std::string_view name) {
    known_.emplace_back(name);
    return bad_ ? nullptr : base::find_field(object_, name);
  }
  void complain(std::string text) {
    if (!bad_) error_ = std::move(text);
    bad_ = true;
  }
  void non_negative(std::string_view name, double value) {
    if (!(value >= 0)) complain(fmt::format("{}: field '{}' is {}: expected a number of at least 0", where_, name, value));
  }

  Result<void> finish() {
    if (!bad_)
      for (const auto& [name, value] : object_.items())
        if (std::find(known_.begin(), known_.end(), name) == known_.end())
          complain(fmt::format("{}: field '{}' is not known: expected {}", where_, name, fmt::join(known_, ", ")));
    if (bad_) return fail(ErrorCode::InvalidInput, "{}", error_);
    return {};
  }
  const std::string& where() const { return where_; }

 private:
  template <class T>
  void take(std::string_view name, const Json& value, T& into) {
    using Kind = base::detail::JsonKind<T>;
    if (Kind::is(value)) into = value.get<T>();
    else complain(fmt::format("{}: field '{}' is {}: expected {}", where_, name, base::json_type_name(value), Kind::kName));
  }

  const Json& object_;
  std::string where_;
  std::vector<std::string> known_;
  std::string error_;
  bool bad_ = false;
};

// An array of texts.
void read_texts(Fields& fields, std::string_view name, std::vector<std::string>& into) {
  const Json* list = fields.find(name);
  if (!list) return;
  const auto wrong = [&](const Json& what) {
    fields.complain(fmt::format("{}: field '{}' holds {}: expected an array of strings", fields.where(), name, base::json_type_name(what)));
  };
  if (!list->is_array()) return wrong(*list);
  for (const Json& text : *list) {
    if (!text.is_string()) return wrong(text);
    into.push_back(text.get<std::string>());
  }
}

// "text" alone stands for {"text": "text"}.
Result<ScriptReply> read_reply(const Json& json, const std::string& where) {
  ScriptReply reply;
  if (json.is_string()) {
    reply.text = json.get<std::string>();
    return reply;
  }
  Fields fields(json, where);
  fields.read("prefix_ends", reply.prefix_ends);
  fields.read("suffix_starts", reply.suffix_starts);
  fields.read("prompt_contains", reply.prompt_contains);
  fields.read("prefix_matches", reply.prefix_matches);
  fields.read("once", reply.once);
  fields.read("text", reply.text);
  read_texts(fields, "alternatives", reply.alternatives);
  fields.read("special", reply.special);
  fields.read("error", reply.error);
  fields.read("logprob", reply.logprob);
  fields.read("ms_per_token", reply.ms_per_token);
  fields.non_negative("ms_per_token", reply.ms_per_token.value_or(0));
  if (reply.prefix_matches && !compile(*reply.prefix_matches))
    fields.complain(fmt::format("{}: field 'prefix_matches' is '{}': expected a regular expression", where, *reply.prefix_matches));
  if (auto done = fields.finish(); !done) return base::forward(done);
  return reply;
}

Result<void> read_replies(const Json& list, const std::string& where, std::vector<ScriptReply>& into) {
  if (!list.is_array())
    return fail(ErrorCode::InvalidInput, "{}: field 'replies' is {}: expected an array", where, base::json_type_name(list));
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto reply = read_reply(list[i], fmt::format("{}: replies[{}]", where, i));
    if (!reply) return base::forward(reply);
    into.push_back(*std::move(reply));
  }
  return {};
}

Result<Script> read_fields(const Json& json, const std::string& what) {
  Script script;
  Fields fields(json, what);
  fields.read("name", script.name);
  fields.read("fim", script.fim);
  fields.read("context_length", script.context_length);
  fields.read("load_ms", script.load_ms);
  fields.read("load_error", script.load_error);
  fields.read("prefill_ms_per_token", script.prefill_ms_per_token);
  fields.read("prefill_chunk", script.prefill_chunk);
  fields.read("ms_per_token", script.ms_per_token);
  fields.read("logprob", script.logprob);
  fields.read("in_order", script.in_order);
  const Json* replies = fields.find("replies");
  const Json* otherwise = fields.find("default");
  fields.non_negative("load_ms", script.load_ms);
  fields.non_negative("prefill_ms_per_token", script.prefill_ms_per_token);
  fields.non_negative("ms_per_token", script.ms_per_token);
  for (const auto& [name, value] : {std::pair{"prefill_chunk", script.prefill_chunk}, std::pair{"context_length", script.context_length}})
    if (value < 1) fields.complain(fmt::format("{}: field '{}' is {}: expected a number of at least 1", what, name, value));
  if (auto done = fields.finish(); !done) return base::forward(done);
  if (replies)
    if (auto done = read_replies(*replies, what, script.replies); !done) return base::forward(done);
  if (otherwise) {
    auto reply = read_reply(*otherwise, what + ": default");
    if (!reply) return base::forward(reply);
    script.otherwise = *std::move(reply);
  }
  return script;
}

bool fits(const ScriptReply& reply, const ScriptPrompt& prompt) {
  if (reply.prefix_ends && !prompt.before.ends_with(*reply.prefix_ends)) return false;
  if (reply.suffix_starts && !prompt.after.starts_with(*reply.suffix_starts)) return false;
  if (reply.prompt_contains && prompt.whole.find(*reply.prompt_contains) == std::string::npos) return false;
  return !reply.prefix_matches || found(*reply.prefix_matches, prompt.before);
}

}  // namespace

Result<Script> parse_script(std::string_view text, std::string_view what) {
  auto json = base::parse_json_unique(text, what);
  if (!json) return base::forward(json);
  return read_fields(*json, std::string(what));
}

Result<Script> read_script(const std::filesystem::path& path) {
  auto text = base::read_file(path);
  if (!text) return base::forward(text, "reading the script");
  return parse_script(*text, path.string());
}

const ScriptReply& pick_reply(const Script& script, const ScriptPrompt& prompt, ScriptProgress& progress) {
  progress.used.resize(script.replies.size());
  if (script.in_order) {
    if (progress.next < script.replies.size() && fits(script.replies[progress.next], prompt)) return script.replies[progress.next++];
    return script.otherwise;
  }
  for (std::size_t i = 0; i < script.replies.size(); ++i) {
    const ScriptReply& reply = script.replies[i];
    if (progress.used[i] || !fits(reply, prompt)) continue;
    progress.used[i] = reply.once;
    return reply;
  }
  return script.otherwise;
}

}  // namespace engine

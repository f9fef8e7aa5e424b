// The reader of script files: JSON, every field checked, unknown fields refused (a typo must not pass as "no reply").
#include <array>
#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "engine/scripted/scripted_engine.h"

namespace engine {
namespace {

using base::Json;
using base::Result;

template <size_t N>
Result<void> only_known(const Json& object, const std::array<std::string_view, N>& known, std::string_view where) {
  for (const auto& [field, value] : object.items())
    if (std::find(known.begin(), known.end(), field) == known.end())
      return base::fail(base::ErrorCode::InvalidInput, "{}: unknown field '{}'", where, field);
  return {};
}

// Copies a field into `out` where the object has it.
template <class T, class Out>
Result<void> read(const Json& object, std::string_view field, Out& out, std::string_view where) {
  if (!base::find_field(object, field)) return {};
  auto value = base::get<T>(object, field);
  if (!value) return base::forward(value, where);
  out = std::move(*value);
  return {};
}

constexpr std::array<std::string_view, 8> kScriptFields = {"fim", "load_ms", "load_error", "prefill_ms_per_token", "token_ms", "logprob", "context_length", "replies"};
constexpr std::array<std::string_view, 5> kReplyFields = {"before", "contains", "text", "once", "error"};

Result<ScriptedReply> read_reply(const Json& value, std::string_view where) {
  if (!value.is_object()) return base::fail(base::ErrorCode::InvalidInput, "{}: is {}, expected an object", where, base::json_type_name(value));
  ScriptedReply reply;
  auto done = only_known(value, kReplyFields, where)
                  .and_then([&] { return read<std::string>(value, "before", reply.before, where); })
                  .and_then([&] { return read<std::string>(value, "contains", reply.contains, where); })
                  .and_then([&] { return read<std::string>(value, "text", reply.text, where); })
                  .and_then([&] { return read<bool>(value, "once", reply.once, where); })
                  .and_then([&] { return read<std::string>(value, "error", reply.error, where); });
  if (!done) return base::forward(done);
  return reply;
}

}  // namespace

Result<Script> parse_script(std::string_view text, std::string_view name) {
  auto json = base::parse_json(text, name);
  if (!json) return base::forward(json);
  if (!json->is_object()) return base::fail(base::ErrorCode::InvalidInput, "{}: is {}, expected an object", name, base::json_type_name(*json));
  Script script;
  Json::array_t replies;
  auto done = only_known(*json, kScriptFields, name)
                  .and_then([&] { return read<bool>(*json, "fim", script.fim, name); })
                  .and_then([&] { return read<double>(*json, "load_ms", script.load_ms, name); })
                  .and_then([&] { return read<std::string>(*json, "load_error", script.load_error, name); })
                  .and_then([&] { return read<double>(*json, "prefill_ms_per_token", script.prefill_ms_per_token, name); })
                  .and_then([&] { return read<double>(*json, "token_ms", script.token_ms, name); })
                  .and_then([&] { return read<double>(*json, "logprob", script.logprob, name); })
                  .and_then([&] { return read<std::int64_t>(*json, "context_length", script.context_length, name); })
                  .and_then([&] { return read<Json::array_t>(*json, "replies", replies, name); });
  if (!done) return base::forward(done);
  for (size_t i = 0; i < replies.size(); ++i) {
    auto reply = read_reply(replies[i], fmt::format("{}: replies[{}]", name, i));
    if (!reply) return base::forward(reply);
    script.replies.push_back(std::move(*reply));
  }
  return script;
}

Result<Script> read_script(const std::filesystem::path& file) {
  auto text = base::read_file(file);
  if (!text) return base::forward(text);
  return parse_script(*text, file.string());
}

Result<std::unique_ptr<Engine>> load_scripted(const std::filesystem::path& file) {
  auto script = read_script(file);
  if (!script) return base::forward(script);
  return make_scripted(std::move(*script));
}

}  // namespace engine

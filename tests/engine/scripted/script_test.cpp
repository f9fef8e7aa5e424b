#include "engine/scripted/script.h"

#include "support/catch.h"

using engine::parse_script;
using engine::Script;

namespace {

void check_refused(std::string_view json, std::string_view sentence) {
  INFO(json);
  const auto script = parse_script(json, "s.json");
  REQUIRE_FALSE(script);
  CHECK(script.error().message == sentence);
}

std::string picked(std::string_view json, std::vector<engine::ScriptPrompt> prompts) {
  const auto script = parse_script(json, "s.json");
  REQUIRE(script);
  engine::ScriptProgress progress;
  std::string texts;
  for (const auto& prompt : prompts) texts += pick_reply(*script, prompt, progress).text + ";";
  return texts;
}

engine::ScriptPrompt before(std::string text) { return {text, "", text}; }

}  // namespace

TEST_CASE("a script says which field is wrong") {
  check_refused("[]", "s.json: expected an object, found an array");
  check_refused(R"({"replys": []})",
                "s.json: field 'replys' is not known: expected name, fim, context_length, load_ms, load_error, prefill_ms_per_token, "
                "prefill_chunk, ms_per_token, logprob, in_order, replies, default");
  check_refused(R"({"load_ms": "5"})", "s.json: field 'load_ms' is a string: expected a number");
  check_refused(R"({"ms_per_token": -1})", "s.json: field 'ms_per_token' is -1: expected a number of at least 0");
  check_refused(R"({"prefill_chunk": 0})", "s.json: field 'prefill_chunk' is 0: expected a number of at least 1");
  check_refused(R"({"replies": {}})", "s.json: field 'replies' is an object: expected an array");
  check_refused(R"({"replies": ["a", 1]})", "s.json: replies[1]: expected an object, found an integer");
  check_refused(R"({"replies": [{"text": 1}]})", "s.json: replies[0]: field 'text' is an integer: expected a string");
  check_refused(R"({"replies": [{"prefix_matches": "("}]})",
                "s.json: replies[0]: field 'prefix_matches' is '(': expected a regular expression");
  check_refused(R"({"replies": [{"alternatives": "b"}]})", "s.json: replies[0]: field 'alternatives' holds a string: expected an array of strings");
  check_refused(R"({"replies": [{"alternatives": ["b", 1]}]})", "s.json: replies[0]: field 'alternatives' holds an integer: expected an array of strings");
  check_refused(R"({"default": {"once": "yes"}})", "s.json: default: field 'once' is a string: expected true or false");
  check_refused("{\n  \"fim\": tru\n}", "s.json: not valid JSON at line 2, column 13");
}

TEST_CASE("an empty script is a model that loads at once and has nothing to say") {
  const auto script = parse_script("{}", "s.json");
  REQUIRE(script);
  CHECK(script->fim);
  CHECK(script->load_ms == 0);
  CHECK(script->otherwise.text.empty());
}

TEST_CASE("the first reply whose conditions all hold is taken") {
  CHECK(picked(R"({"replies": [{"prefix_ends": "ab", "text": "1"}, {"prefix_ends": "b", "text": "2"}], "default": "none"})",
               {before("xab"), before("b"), before("bx")}) == "1;2;none;");
  CHECK(picked(R"j({"replies": [{"suffix_starts": ")", "prefix_ends": "(", "text": "1"}]})j",
               {{"f(", ")", "f()"}, {"f(", "]", "f(]"}, {"f", ")", "f)"}}) == "1;;;");
  CHECK(picked(R"({"replies": [{"prompt_contains": "<|fim", "text": "1"}]})", {{"a", "b", "<|fim_prefix|>a"}, before("a")}) == "1;;");
  CHECK(picked(R"({"replies": [{"prefix_matches": "^import \\w*$", "text": "os"}]})",
               {before("x\nimport "), before("import o"), before("# import os")}) == "os;os;;");
}

TEST_CASE("replies can be used up, or follow one another") {
  CHECK(picked(R"({"replies": [{"text": "1", "once": true}, {"text": "2", "once": true}], "default": "d"})",
               {before(""), before(""), before("")}) == "1;2;d;");
  CHECK(picked(R"({"in_order": true, "replies": ["1", {"prefix_ends": "x", "text": "2"}, "3"], "default": "d"})",
               {before("x"), before("y"), before("x"), before("x"), before("x")}) == "1;d;2;3;d;");
}

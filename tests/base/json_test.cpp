#include "base/json.h"

#include "support/catch.h"

using base::Json;

TEST_CASE("json: what is not JSON is refused with its place") {
  struct Case {
    std::string text;
    const char* expected;
  };
  const Case cases[] = {
      {"", "x: not valid JSON at line 1, column 1"},
      {"{\n  \"a\": }", "x: not valid JSON at line 2, column 8"},
      {"{\"a\": 1,}", "x: not valid JSON at line 1, column 9"},
      {"\"\xFF\"", "x: not valid JSON at line 1"},
      {"[1] 2", "x: not valid JSON at line 1, column 5"},
      {"1e999", "x: not valid JSON ("},
      {std::string(100000, '['), "x: JSON nested deeper than 512 levels"},
  };
  for (const Case& c : cases) {
    const auto value = base::parse_json(c.text, "x");
    INFO(c.expected);
    REQUIRE_FALSE(value.has_value());
    INFO(value.error().message);
    CHECK(value.error().message.starts_with(c.expected));
  }
  CHECK(base::parse_json(std::string(500, '[') + std::string(500, ']'), "x").has_value());
  CHECK(base::parse_json("\"" + std::string(1000, '[') + "\\\"[\"", "x").has_value());  // brackets in a string are no nesting
}

TEST_CASE("json: a field is checked, never coerced") {
  const Json object = base::parse_json(R"({"b": true, "i": 3, "big": 4294967296, "huge": 18446744073709551615, "d": 1.5, "s": "x", "n": null, "a": [], "o": {}})", "x").value();
  CHECK(base::get<bool>(object, "b") == true);
  CHECK(base::get<int>(object, "i") == 3);
  CHECK(base::get<double>(object, "i") == 3.0);
  CHECK(base::get<std::int64_t>(object, "big") == 4294967296);
  CHECK(base::get<std::string>(object, "s") == "x");
  struct Case {
    base::Error error;
    const char* message;
  };
  const Case cases[] = {
      {base::get<int>(object, "big").error(), "field 'big' is an integer: expected an integer"},
      {base::get<int>(object, "huge").error(), "field 'huge' is an integer: expected an integer"},
      {base::get<std::int64_t>(object, "huge").error(), "field 'huge' is an integer: expected an integer"},
      {base::get<int>(object, "d").error(), "field 'd' is a number: expected an integer"},
      {base::get<bool>(object, "i").error(), "field 'i' is an integer: expected true or false"},
      {base::get<std::string>(object, "n").error(), "field 'n' is missing: expected a string"},
      {base::get<std::string>(object, "absent").error(), "field 'absent' is missing: expected a string"},
      {base::get<double>(object, "a").error(), "field 'a' is an array: expected a number"},
      {base::get<Json::array_t>(object, "o").error(), "field 'o' is an object: expected an array"},
      {base::get<int>(Json(3), "x").error(), "field 'x' is missing: expected an integer"},
  };
  for (const Case& c : cases) CHECK(c.error.message == c.message);
}

TEST_CASE("json: get_or forgives absence, try_get everything") {
  const Json object = {{"s", "x"}, {"n", nullptr}};
  CHECK(base::get_or<int>(object, "absent", 7) == 7);
  CHECK(base::get_or<int>(object, "n", 7) == 7);
  CHECK_FALSE(base::get_or<int>(object, "s", 7).has_value());
  CHECK(base::try_get<int>(object, "s") == std::nullopt);
  CHECK(base::try_get<std::string>(object, "s") == "x");
}

TEST_CASE("json: a name twice in one object is an error where asked for") {
  CHECK(base::parse_json(R"({"a": 1, "a": 2})", "x").has_value());
  CHECK(base::parse_json_unique(R"({"a": 1, "a": 2})", "x").error().message == "x: the name 'a' stands twice in one object");
  CHECK_FALSE(base::parse_json_unique(R"({"o": [{"b": 1, "c": {}, "b": 2}]})", "x").has_value());
  CHECK(base::parse_json_unique(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})", "x").value()["b"][1]["a"] == 2);
}

TEST_CASE("json: text that is not UTF-8 is written all the same") {
  CHECK(base::dump_json(Json("a\xFFz")) == "\"a\xEF\xBF\xBDz\"");
  CHECK(base::dump_json({{"a", 1}}) == R"({"a":1})");
}

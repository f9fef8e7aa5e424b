#include "lsp/index/ignore_rules.h"

#include "lsp/index/file_choice.h"
#include "support/catch.h"

namespace {

// "x": left out, "-": taken in again, ".": nothing is said.
char decided(std::string_view rules, std::string_view path, bool folder = false) {
  const auto out = lsp::IgnoreRules::parse(rules).decide(path, folder);
  return !out ? '.' : *out ? 'x' : '-';
}

}  // namespace

TEST_CASE(".gitignore's rules, as gitignore(5) has them; tests/lsp/index/ignore_test.py compares with git itself") {
  CHECK(decided("*.o", "a/b.o") == 'x');
  CHECK(decided("*.o\n!keep.o", "keep.o") == '-');
  CHECK(decided("!keep.o\n*.o", "keep.o") == 'x');
  CHECK(decided("build/", "build", true) == 'x');
  CHECK(decided("build/", "build") == '.');
  CHECK(decided("/a.txt", "a.txt") == 'x');
  CHECK(decided("/a.txt", "b/a.txt") == '.');
  CHECK(decided("b/a.txt", "c/b/a.txt") == '.');
  CHECK(decided("**/b/a.txt", "c/d/b/a.txt") == 'x');
  CHECK(decided("a/**", "a/b/c") == 'x');
  CHECK(decided("a/**/c", "a/c") == 'x');
  CHECK(decided("a/**/c", "a/b/d/c") == 'x');
  CHECK(decided("a/*/c", "a/b/d/c") == '.');
  CHECK(decided("a?c", "abc") == 'x');
  CHECK(decided("[a-c]x", "bx") == 'x');
  CHECK(decided("[!a-c]x", "bx") == '.');
  CHECK(decided("\\#a", "#a") == 'x');
  CHECK(decided("# a", "# a") == '.');
  CHECK(decided("a \r\n\r\nb\\ ", "a") == 'x');
  CHECK(decided("\\!a", "!a") == 'x');
}

TEST_CASE("secrets are seen by their names and shapes, and what only looks like one is not") {
  using lsp::name_refused, lsp::text_refused;
  for (const char* name : {".env", "a/.env.local", "x/id_rsa", "server.pem", "a.key", ".npmrc", "secrets.yaml"}) CHECK(name_refused(name, 10) == "looks like a secret");
  for (const char* name : {"env.py", "keys.cpp", "monkey", "environment.ts", "id_map.h"}) CHECK(name_refused(name, 10).empty());
  CHECK(text_refused("token = \"ghp_0123456789abcdefghijABCDEFGHIJ012345\"") == "holds a secret");
  CHECK(text_refused("AKIAIOSFODNN7EXAMPLE") == "holds a secret");
  CHECK(text_refused("-----BEGIN OPENSSH PRIVATE KEY-----\nabc") == "holds a secret");
  CHECK(text_refused("-----BEGIN CERTIFICATE-----\nabc").empty());
  CHECK(text_refused("hf_model_name_of_a_long_function_without_digits()").empty());
  CHECK(text_refused("x = sk-learn\n").empty());
}

TEST_CASE("patterns of many stars end soon") {
  const std::string stars = "*a*a*a*a*a*a*a*a*a*a*a*a*b", name(200, 'a');
  CHECK(decided(stars, name) == '.');
  CHECK(decided("**/**/**/**/**/**/**/x", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w") == '.');
}

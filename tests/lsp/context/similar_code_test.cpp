// Code of other files for the prompt: which words are looked for, whole lines, and that what was shown stays.
#include "lsp/context/similar_code.h"

#include "support/catch.h"
#include "tokenizer/byte_tokenizer.h"

namespace {

using lsp::Excerpt;
using Words = std::vector<std::string_view>;

const auto kTokenizer = tokenizer::make_byte_tokenizer(true);

std::string filler(const std::string& name, int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += name + std::to_string(i) + " = " + std::to_string(i * 7919 % 1000) + ";\n";
  return text;
}

struct Workspace {
  engine::NgramIndex index;
  lsp::DocumentPaths paths;
  explicit Workspace(const std::vector<std::pair<std::string, std::string>>& files) {
    std::vector<engine::TokenDocument> documents;
    for (const auto& [path, text] : files) {
      documents.push_back({documents.size() + 1, kTokenizer->encode(text)});
      paths.emplace(documents.size(), path);
    }
    index = engine::NgramIndex().with(engine::Segment::build(std::move(documents)));
  }
  std::vector<Excerpt> similar(const Words& terms, std::size_t tokens, std::span<const Excerpt> shown = {}) const {
    return lsp::choose_similar(index, paths, terms, *kTokenizer, tokens, shown);
  }
};

std::vector<std::string> paths_of(const std::vector<Excerpt>& excerpts) {
  std::vector<std::string> out;
  for (const Excerpt& one : excerpts) out.push_back(one.path);
  return out;
}

}  // namespace

TEST_CASE("similar code: the words looked for are the identifiers around the cursor, the nearest first") {
  const std::string text = "alpha = beta(12, x)\nalpha.gamma_1()\nhalf_ty|zeta beta";
  const std::size_t cursor = text.find('|');
  CHECK(lsp::terms_near(text.substr(0, cursor), cursor) == Words{"gamma_1", "alpha", "beta"});  // what is being typed is none yet
  CHECK(lsp::terms_near("one two three", 0) == Words{"one", "two", "three"});
  CHECK(lsp::terms_near("", 0).empty());
  CHECK(lsp::terms_near("a 12 9abc", 9).empty());
  const std::string many = filler("word", 500);
  CHECK(lsp::terms_near(many, many.size()).size() <= 48);
}

TEST_CASE("similar code: whole lines of the files that share the rarest words") {
  const Workspace workspace({{"a.cpp", filler("noise", 30)},
                             {"b.cpp", filler("other", 20) + "void submit_order(Basket& basket);\nint priced(Basket b);\n" + filler("more", 20)},
                             {"c.cpp", filler("thing", 30)}});
  const auto found = workspace.similar({"submit_order", "Basket"}, 256);
  REQUIRE_FALSE(found.empty());
  CHECK(found.front().path == "b.cpp");
  CHECK(found.front().text.find("void submit_order(Basket& basket);\n") != std::string::npos);
  for (const Excerpt& one : found) {
    CHECK(one.text.ends_with('\n'));
    CHECK((filler("other", 20) + "void submit_order(Basket& basket);\nint priced(Basket b);\n" + filler("more", 20)).find("\n" + one.text) != std::string::npos);
  }
  CHECK(workspace.similar({"submit_order"}, 100).empty());  // no room for one
  CHECK(workspace.similar({}, 1000).empty());
  CHECK(workspace.similar({"nowhere_at_all"}, 1000).empty());
}

TEST_CASE("similar code: what was shown and is still similar stays in front, in its order") {
  const Workspace workspace({{"a.cpp", "apple(first_word);\nbanana();\nwhile (queue.pop()) log(size);\n"},
                             {"b.cpp", "banana(second_word);\ncherry();\nreturn std::move(BUFFER_);\n"},
                             {"c.cpp", "cherry(third_word);\nbanana(fourth);\nif x != y: ++z %= 2 ^ k;\n"},
                             {"d.cpp", filler("nothing", 10)}});
  const auto first = workspace.similar({"second_word", "cherry"}, 256);
  REQUIRE(paths_of(first) == std::vector<std::string>{"b.cpp", "c.cpp"});
  const auto then = workspace.similar({"apple", "banana", "third_word"}, 384, first);
  CHECK(paths_of(then) == std::vector<std::string>{"b.cpp", "c.cpp", "a.cpp"});
  CHECK(paths_of(workspace.similar({"apple", "banana", "third_word"}, 384)) != paths_of(then));
  CHECK(paths_of(workspace.similar({"apple"}, 384, first)) == std::vector<std::string>{"a.cpp"});  // what is no longer similar goes
}

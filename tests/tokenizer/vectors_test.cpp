// llama.cpp's own vectors for its vocabularies: texts beside the ids each must give.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "base/files.h"
#include "support/catch.h"
#include "support/shared_data.h"
#include "tokenizer/load.h"

namespace {

constexpr std::string_view kBetween = "\n__ggml_vocab_test__\n";

std::vector<std::string> texts_of(std::string_view file) {
  std::vector<std::string> texts;
  for (std::size_t end; (end = file.find(kBetween)) != std::string_view::npos; file.remove_prefix(end + kBetween.size()))
    texts.emplace_back(file.substr(0, end));
  if (!file.empty()) texts.emplace_back(file);
  return texts;
}

std::vector<tokenizer::TokenId> ids_of(const std::string& line) {
  std::istringstream numbers(line);
  std::vector<tokenizer::TokenId> ids;
  for (tokenizer::TokenId id; numbers >> id;) ids.push_back(id);
  return ids;
}

void check_vectors(const std::filesystem::path& gguf) {
  const auto tok = tokenizer::load_tokenizer(gguf);
  if (!tok) FAIL(tok.error().message);
  const auto texts = texts_of(base::read_file(gguf.string() + ".inp").value());
  std::istringstream lines(base::read_file(gguf.string() + ".out").value());
  std::size_t checked = 0;
  for (std::string line; checked < texts.size() && std::getline(lines, line); ++checked) {
    const auto ids = (*tok)->encode(texts[checked]);
    INFO(gguf.filename().string() << ", text " << checked << ": '" << texts[checked] << "'");
    CHECK(fmt::format("{}", fmt::join(ids, " ")) == fmt::format("{}", fmt::join(ids_of(line), " ")));
    CHECK((*tok)->decode(ids) == texts[checked]);
  }
  CHECK(checked == texts.size());
  CHECK(checked > 30);
}

}  // namespace

TEST_CASE("every vocabulary gives the ids of its vectors, and its texts back") {
  const auto folder = tests::shared_data("tokenizers");
  if (!folder) {
    WARN("shared test data is absent: the vectors were not checked");
    return;
  }
  std::size_t vocabularies = 0;
  for (const auto& file : std::filesystem::directory_iterator(*folder))
    if (file.path().extension() == ".gguf") {
      check_vectors(file.path());
      ++vocabularies;
    }
  CHECK(vocabularies >= 7);
}

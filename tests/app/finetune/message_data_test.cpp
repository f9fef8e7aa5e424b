// Conversations to train on and to measure by.
#include "app/finetune/message_data.h"

#include <fstream>

#include "base/files.h"
#include "support/catch.h"
#include "support/temp_folder.h"

using namespace app;

namespace {

struct Split {
  std::size_t train = 0, held_out = 0;
  std::string held_out_text;
};

// Of `count` conversations with two messages each.
Split split(std::size_t count, double share) {
  const tests::TempFolder folder;
  std::ofstream file(folder.path() / "m.csv");
  file << "from,text,thread\n";
  for (std::size_t i = 0; i < count; ++i) file << "Ann,hello " << i << ',' << 1000 + i << "\nBo,bye " << i << ',' << 1000 + i << '\n';
  file.close();
  const auto data = make_message_data(folder.path() / "m.csv", share, folder.path() / "data");
  REQUIRE(data);
  const auto lines = [](const std::filesystem::path& path) {
    const std::string text = base::read_file(path).value();
    return std::size_t(std::count(text.begin(), text.end(), '\n'));
  };
  CHECK(lines(data->train) == data->conversations);
  CHECK(lines(data->held_out) == data->held_out_conversations);
  CHECK((data->bytes > 0) == (data->conversations > 0));
  return {data->conversations, data->held_out_conversations, base::read_file(data->held_out).value()};
}

}  // namespace

TEST_CASE("a share of the conversations is held out, evenly; at least one") {
  CHECK(split(28, 0.1).train == 26);
  CHECK(split(28, 0.1).held_out == 2);
  CHECK(split(30, 0.5).held_out == 15);
  CHECK(split(30, 0.9).held_out == 15);  // never more than half
  CHECK(split(3, 0.1).held_out == 1);
  CHECK(split(2, 0.1).held_out_text == R"({"text":"Ann: hello 1\nBo: bye 1\n"})" "\n");
}

TEST_CASE("of a single conversation the end is held out, of a single message nothing") {
  CHECK(split(1, 0.1).held_out_text == R"({"text":"Bo: bye 0\n"})" "\n");
  const tests::TempFolder folder;
  std::ofstream(folder.path() / "m.json") << R"([{"text": "alone"}])";
  const auto data = make_message_data(folder.path() / "m.json", 0.1, folder.path());
  REQUIRE(data);
  CHECK(data->conversations == 1);
  CHECK(data->held_out_conversations == 0);
  CHECK_FALSE(make_message_data(folder.path() / "none.json", 0.1, folder.path()));
}

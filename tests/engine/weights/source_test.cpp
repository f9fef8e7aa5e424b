#include "engine/weights/source.h"

#include <cstring>

#include "base/files.h"
#include "support/catch.h"
#include "support/gguf_writer.h"
#include "support/temp_folder.h"

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, std::string_view text) { REQUIRE(base::write_file_atomic(path, text).has_value()); }

// A safetensors file whose tensors are one F32 each, of the given values.
void write_safetensors(const fs::path& path, const std::vector<std::pair<std::string, float>>& tensors, const char* dtype = "F32") {
  std::string header = "{", data;
  for (const auto& [name, value] : tensors) {
    const auto at = data.size();
    header += fmt::format(R"({}"{}":{{"dtype":"{}","shape":[1,1],"data_offsets":[{},{}]}})", header.size() > 1 ? "," : "", name, dtype, at, at + 4);
    data.append(reinterpret_cast<const char*>(&value), 4);
  }
  header += "}";
  const std::uint64_t length = header.size();
  write(path, std::string(reinterpret_cast<const char*>(&length), 8) + header + data);
}

float value_of(const engine::WeightSource& source, std::string_view name) {
  const engine::WeightView* view = source.find(name);
  REQUIRE(view != nullptr);
  REQUIRE(view->bytes.size() == 4);
  float value = 0;
  std::memcpy(&value, view->bytes.data(), 4);
  return value;
}

void check_refused(const fs::path& path, std::string_view expected) {
  const auto source = engine::open_weights(path);
  INFO("expected: " << expected);
  REQUIRE_FALSE(source.has_value());
  INFO("message: " << source.error().message);
  CHECK(source.error().message.find(expected) != std::string::npos);
  CHECK(source.error().message.find(path.string()) != std::string::npos);
}

constexpr const char* kIndex = "model.safetensors.index.json";

}  // namespace

TEST_CASE("weights: one safetensors file, by its folder or itself") {
  const tests::TempFolder folder;
  write_safetensors(folder.path() / "model.safetensors", {{"a", 1.5F}, {"b", -2}});
  for (const fs::path& path : {folder.path(), folder.path() / "model.safetensors"}) {
    const auto source = engine::open_weights(path);
    REQUIRE(source.has_value());
    CHECK((*source)->naming() == engine::Naming::HuggingFace);
    CHECK((*source)->weights().size() == 2);
    CHECK(value_of(**source, "a") == 1.5F);
    CHECK((*source)->find("a")->shape == std::vector<std::int64_t>{1, 1});
    CHECK((*source)->find("c") == nullptr);
    (*source)->forget(*(*source)->find("a"));
    CHECK(value_of(**source, "a") == 1.5F);  // forgotten pages come back from the file
  }
}

TEST_CASE("weights: shards by their index") {
  const tests::TempFolder folder;
  write_safetensors(folder.path() / "one.safetensors", {{"a", 1}});
  write_safetensors(folder.path() / "two.safetensors", {{"b", 2}, {"c", 3}});
  write(folder.path() / kIndex, R"({"metadata": {}, "weight_map": {"a": "one.safetensors", "b": "two.safetensors", "c": "two.safetensors"}})");
  const auto source = engine::open_weights(folder.path());
  REQUIRE(source.has_value());
  CHECK((*source)->weights().size() == 3);
  CHECK(value_of(**source, "a") == 1);
  CHECK(value_of(**source, "c") == 3);

  fs::remove(folder.path() / "two.safetensors");
  check_refused(folder.path(), "shard 'two.safetensors' is missing, one of 2");
}

TEST_CASE("weights: an index that lies is refused") {
  struct Case {
    const char* index;
    const char* expected;
  };
  const Case cases[] = {
      {R"({"weight_map": {"a": "one.safetensors", "x": "one.safetensors"}})", "tensor 'x' is not in its shard 'one.safetensors'"},
      {R"({"weight_map": {"a": "../one.safetensors"}})", "expected the name of a file beside the index"},
      {R"({"weight_map": {"a": 3}})", "tensor 'a' lies in 3"},
      {R"({"weight_map": {}})", "'weight_map' is missing"},
      {R"({})", "'weight_map' is missing"},
      {R"({"weight_map")", "not valid JSON"},
      {R"({"weight_map": {"a": "one.safetensors", "b": "same.safetensors"}})", "tensor 'a' stands in another shard too"},
  };
  for (const Case& c : cases) {
    const tests::TempFolder folder;
    write_safetensors(folder.path() / "one.safetensors", {{"a", 1}});
    write_safetensors(folder.path() / "same.safetensors", {{"a", 1}, {"b", 2}});
    write(folder.path() / kIndex, c.index);
    check_refused(folder.path(), c.expected);
  }
}

TEST_CASE("weights: a folder without safetensors says what to do instead") {
  const auto refused_with = [](const char* file, const char* expected) {
    const tests::TempFolder folder;
    if (file) write(folder.path() / file, "x");
    check_refused(folder.path(), expected);
  };
  refused_with(nullptr, "holds no weights: expected model.safetensors or model.safetensors.index.json");
  refused_with("pytorch_model.bin", "holds only pickled PyTorch weights (pytorch_model.bin), which can run code when read: convert them with python -c");
  refused_with("model.Q4_0.gguf", "holds no model.safetensors but 'model.Q4_0.gguf': name that file itself");
  refused_with("adapter_model.safetensors", "holds only an adapter");
  check_refused("/nonexistent/model", "there is no such file or folder");
}

TEST_CASE("weights: tensors of kinds no model computes with are refused, integers pass") {
  const tests::TempFolder folder;
  write_safetensors(folder.path() / "model.safetensors", {{"a", 1}}, "I32");
  const auto source = engine::open_weights(folder.path());
  REQUIRE(source.has_value());
  CHECK((*source)->find("a")->type == base::GgmlType::I32);
  const std::string header = R"({"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}})";
  const std::uint64_t length = header.size();
  write(folder.path() / "model.safetensors", std::string(reinterpret_cast<const char*>(&length), 8) + header + "xx");
  check_refused(folder.path(), "tensor 'a' is F8_E4M3: expected F32, F16 or BF16");
}

TEST_CASE("weights: a GGUF file") {
  const tests::TempFolder folder;
  tests::GgufWriter w;
  w.text("general.architecture", "llama");
  w.tensor("token_embd.weight", base::GgmlType::Q4_0, {64, 3}, tests::Bytes(3 * 36));
  const auto bytes = w.finish();
  write(folder.path() / "m.gguf", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const auto source = engine::open_weights(folder.path() / "m.gguf");
  REQUIRE(source.has_value());
  CHECK((*source)->naming() == engine::Naming::Gguf);
  const engine::WeightView* view = (*source)->find("token_embd.weight");
  REQUIRE(view != nullptr);
  CHECK(view->shape == std::vector<std::int64_t>{3, 64});
  CHECK(view->type == base::GgmlType::Q4_0);
  CHECK(view->bytes.size() == 108);
  write(folder.path() / "text.gguf", "not a model");
  check_refused(folder.path() / "text.gguf", "not a GGUF file");
}

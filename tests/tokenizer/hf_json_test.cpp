// tokenizer.json written by hand: what each section means, and the sentence for each way it can be broken.
#include "tokenizer/hf_json.h"

#include "base/json.h"
#include "tests/tokenizer/fixtures.h"

using namespace tokenizer;

namespace {

// A file over the letters a b c and the merges "a b" and "ab c", with the sections given.
std::string file_with(std::string_view sections, std::string_view model_fields = "") {
  return fmt::format(R"({{"model": {{"type": "BPE", "vocab": {{"a":0,"b":1,"c":2,"ab":3,"abc":4,"<unk>":5," ":6,"1":7,"▁":8,"▁a":9,"é":10}},
      "merges": ["a b", ["ab", "c"], "▁ a"]{}}}{}}})", model_fields, sections);
}

std::unique_ptr<Tokenizer> read(std::string_view text) {
  auto tokenizer = read_hf_json({.tokenizer = text});
  if (!tokenizer) FAIL(tokenizer.error().message);
  return std::move(*tokenizer);
}

void check(std::string_view sections, std::string_view text, std::string_view ids) {
  INFO(sections);
  CHECK(tests::spell(read(file_with(sections))->encode(text)) == ids);
}

void check_model(std::string_view fields, std::string_view text, std::string_view ids) {
  INFO(fields);
  CHECK(tests::spell(read(file_with("", fields))->encode(text)) == ids);
}

// Every fragment must be in the one sentence.
void check_error(std::string_view text, std::vector<std::string_view> fragments) {
  const auto tokenizer = read_hf_json({.tokenizer = text});
  INFO(text);
  REQUIRE_FALSE(tokenizer);
  INFO(tokenizer.error().message);
  for (const std::string_view fragment : fragments) CHECK(tokenizer.error().message.find(fragment) != std::string::npos);
  CHECK(tokenizer.error().message.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("merges join, written as text or as pairs") {
  check("", "abc", "4");
  check("", "abab", "3 3");
  check("", "cab", "2 3");
}

TEST_CASE("what is in no vocabulary is the unknown token, fused where the model says so") {
  check_model(R"(, "unk_token": "<unk>")", "azzb", "0 5 5 1");
  check_model(R"(, "unk_token": "<unk>", "fuse_unk": true)", "azzb", "0 5 1");
  check_model("", "azzb", "3");  // without one such characters vanish, as in the tokenizers library
}

TEST_CASE("ignore_merges takes a word that is a token whole") {
  const auto model = [](std::string_view flag) {
    return fmt::format(R"({{"model": {{"type":"BPE","vocab":{{"a":0,"b":1,"ab":2}},"merges":[],"ignore_merges":{}}}}})", flag);
  };
  CHECK(tests::spell(read(model("true"))->encode("ab")) == "2");
  CHECK(tests::spell(read(model("false"))->encode("ab")) == "0 1");
}

TEST_CASE("pre-tokenizers cut where the tokenizers library cuts") {
  const auto split = [](std::string_view pattern, std::string_view behavior, std::string_view more = "") {
    return fmt::format(R"(, "pre_tokenizer": {{"type":"Split","pattern":{},"behavior":"{}"{}}})", pattern, behavior, more);
  };
  check(split(R"({"String":" "})", "Removed"), "ab c a", "3 2 0");
  check(split(R"({"String":" "})", "Isolated"), "ab c", "3 6 2");
  check(split(R"({"Regex":"b"})", "Isolated"), "abc", "0 1 2");
  check(split(R"({"Regex":"b"})", "MergedWithPrevious"), "abc", "3 2");
  check(split(R"({"Regex":"a"})", "MergedWithNext"), "aab", "0 3");
  check(split(R"({"Regex":"a"})", "Contiguous"), "aabc", "0 0 1 2");
  check(split(R"({"Regex":"ab"})", "Removed", R"(,"invert":true)"), "cabc", "3");
  check(R"(, "pre_tokenizer": {"type":"Digits","individual_digits":true})", "a11", "0 7 7");
  check(R"(, "pre_tokenizer": {"type":"WhitespaceSplit"})", "ab c", "3 2");
  check(R"(, "pre_tokenizer": {"type":"Whitespace"})", "ab c", "3 2");
  check(R"(, "pre_tokenizer": {"type":"CharDelimiterSplit","delimiter":"b"})", "abc", "0 2");
  check(R"(, "pre_tokenizer": {"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits"}]})", "a 1b", "0 7 1");
}

TEST_CASE("metaspace puts a space first as its scheme says, and never for a text that continues") {
  const auto scheme = [](std::string_view name) {
    return file_with(fmt::format(R"(, "pre_tokenizer": {{"type":"Metaspace","replacement":"▁","prepend_scheme":"{}","split":false}})", name));
  };
  CHECK(tests::spell(read(scheme("first"))->encode("a a")) == "9 9");
  CHECK(tests::spell(read(scheme("always"))->encode("a")) == "9");
  CHECK(tests::spell(read(scheme("never"))->encode("a a")) == "0 9");
  CHECK(tests::spell(read(scheme("first"))->encode("a", {.continues = true})) == "0");
  CHECK(read(scheme("first"))->strips_leading_space());
  CHECK_FALSE(read(scheme("never"))->strips_leading_space());
}

TEST_CASE("normalizers change the text before it is cut") {
  check(R"(, "normalizer": {"type":"NFC"})", "e\u0301", "10");
  check(R"(, "normalizer": {"type":"Lowercase"})", "AB", "3");
  check(R"(, "normalizer": {"type":"Strip","strip_left":true,"strip_right":true})", " \t\u3000ab ", "3");
  check(R"(, "normalizer": {"type":"Replace","pattern":{"Regex":"z+"},"content":"b"})", "azzz", "3");
  check(R"(, "normalizer": {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]})", "a a", "9 9");
  check(R"(, "normalizer": {"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]})", "á", "0");
}

TEST_CASE("added tokens: special ones only on request, the longest of the leftmost, with their white space") {
  const auto added = [](std::string_view fields) {
    return file_with(fmt::format(R"(, "added_tokens": [{{"id":20,"content":"ab<x>"{}}},{{"id":21,"content":"ab<x>yz"}},{{"id":22,"content":"<s>","special":true}}])", fields));
  };
  const auto ids = [&](std::string_view fields, std::string_view text, bool special = false) {
    return tests::spell(read(added(fields))->encode(text, {.parse_special = special}));
  };
  CHECK(ids("", "aab<x>b") == "0 20 1");
  CHECK(ids("", "ab<x>yzb") == "21 1");
  CHECK(ids("", "a<s>b") == "3");  // no unknown token: '<', 's' and '>' vanish
  CHECK(ids("", "a<s>b", true) == "0 22 1");
  CHECK(ids("", "a ab<x> b") == "0 6 20 6 1");
  CHECK(ids(R"(,"lstrip":true)", "a ab<x> b") == "0 20 6 1");
  CHECK(ids(R"(,"rstrip":true)", "a ab<x> b") == "0 6 20 1");
  CHECK(ids(R"(,"single_word":true)", "cab<x> c") == "2 3 6 2");
  CHECK(ids(R"(,"single_word":true)", "c ab<x> c") == "2 6 20 6 2");
}

TEST_CASE("what a control token's text hides from other added tokens, and what white space goes to which") {
  const auto added = file_with(R"(, "added_tokens": [{"id":20,"content":"<s>a","special":true},{"id":21,"content":">a","normalized":false},{"id":22,"content":"<r>","rstrip":true},
      {"id":23,"content":"  "},{"id":24,"content":"<l>","lstrip":true}])");
  CHECK(tests::spell(read(added)->encode("<s>ab")) == "3");  // not <s, then >a, then b
  CHECK(tests::spell(read(added)->encode("<s>ab", {.parse_special = true})) == "20 1");
  CHECK(tests::spell(read(added)->encode("<r>   b")) == "22 23 6 1");  // the library gives the two spaces twice
  CHECK(tests::spell(read(added)->encode("<r> <l>b")) == "22 24 1");
}

TEST_CASE("a word begins behind an added token, but the document begins once") {
  const auto scheme = [](std::string_view name) {
    return file_with(fmt::format(R"(, "pre_tokenizer": {{"type":"Metaspace","replacement":"▁","prepend_scheme":"{}"}}, "added_tokens": [{{"id":20,"content":"<x>"}}])", name));
  };
  CHECK(tests::spell(read(scheme("always"))->encode("a<x>a")) == "9 20 9");
  CHECK(tests::spell(read(scheme("first"))->encode("a<x>a")) == "9 20 0");
  CHECK(tests::spell(read(scheme("first"))->encode("<x>a")) == "20 0");
  CHECK(tests::spell(read(scheme("always"))->encode("a<x>a", {.continues = true})) == "0 20 9");
}

TEST_CASE("Unigram takes the best sum of scores, and its unknown token for a run of the rest") {
  const auto unigram = [](std::string_view more, std::string_view sections = "") {
    return read(fmt::format(R"({{"model": {{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1],["b",-2],["ab",-2.5],["abab",-6],["</s>",0],["ab",-2.75]{}}}{}}})", more, sections));
  };
  CHECK(tests::spell(unigram("]")->encode("ab")) == "6");   // the later of two equal pieces
  CHECK(tests::spell(unigram("]")->encode("abab")) == "6 6");
  CHECK(tests::spell(unigram("]")->encode("bzzéa")) == "2 0 1");
  CHECK(unigram("]")->kind(3) == TokenKind::Unused);
  const char* bytes = R"(,["<0x7A>",0]],"byte_fallback":true)";
  CHECK(tests::spell(unigram(bytes)->encode("bzza")) == "2 7 7 1");
  CHECK(tests::spell(unigram(bytes)->encode("bzéa")) == "2 0 1");  // not every byte has a token
  CHECK(unigram(bytes)->bytes(7) == "z");
  // Text that spells a special token is text: the piece itself is never taken.
  const auto added = unigram("]", R"(, "added_tokens": [{"id":5,"content":"</s>","special":true}])");
  CHECK(tests::spell(added->encode("a</s>")) == "1 0");
  CHECK(tests::spell(added->encode("a</s>", {.parse_special = true})) == "1 5");
}

TEST_CASE("a decoder says what each token stands for") {
  const auto bytes = [](std::string_view decoder) { return std::string(read(file_with(fmt::format(R"(, "decoder": {})", decoder)))->bytes(9)); };
  CHECK(bytes(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always"})") == " a");
  CHECK(bytes(R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})") == " a");
  CHECK(bytes(R"({"type":"Replace","pattern":{"Regex":"[▁a]"},"content":"x"})") == "xx");
  CHECK(bytes(R"({"type":"Strip","content":"▁","start":1,"stop":1})") == "a");
  CHECK(bytes(R"({"type":"Fuse"})") == "▁a");
}

TEST_CASE("post-processors say what a prompt begins with") {
  const auto begin = [](std::string_view processor) {
    return tests::spell(read(file_with(fmt::format(R"(, "added_tokens": [{{"id":20,"content":"[g]","special":true}},{{"id":21,"content":"<sop>","special":true}}], "post_processor": {})", processor)))->begin_ids());
  };
  const std::string text = R"({"Sequence":{"id":"A","type_id":0}})";
  const std::string both = R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[g]","type_id":0}},{"SpecialToken":{"id":"<sop>","type_id":0}},)" + text + "]}";
  CHECK(begin(both) == "20 21");
  CHECK(begin(R"({"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false},)" + both + "]}") == "20 21");
  CHECK(begin(R"({"type":"TemplateProcessing","single":[)" + text + R"(,{"SpecialToken":{"id":"[g]","type_id":0}}]})").empty());
  CHECK(begin(R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],"special_tokens":{"x":{"id":"x","ids":[21,20],"tokens":["a","b"]}}})") == "21 20");
  CHECK(begin(R"({"type":"RobertaProcessing","sep":["<sop>",21],"cls":["[g]",20]})") == "20");
}

TEST_CASE("ids between the vocabulary's are unused, and empty") {
  const auto tokenizer = read(file_with(R"(, "added_tokens": [{"id":20,"content":"<x>"}])"));
  CHECK(tokenizer->vocab_size() == 21);
  CHECK(tokenizer->kind(15) == TokenKind::Unused);
  CHECK(tokenizer->bytes(15).empty());
}

TEST_CASE("bos and the ends come from the files beside") {
  const std::string file = file_with(R"(, "added_tokens": [{"id":20,"content":"<s>","special":true},{"id":21,"content":"</s>","special":true},{"id":22,"content":"<|im_end|>","special":true}],
      "post_processor": {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]})");
  const auto describe = [&](HfTexts texts) {
    texts.tokenizer = file;
    const auto tokenizer = read_hf_json(texts);
    if (!tokenizer) return tokenizer.error().message;
    return fmt::format("bos {} {} ends {}", (*tokenizer)->bos().value_or(-1), (*tokenizer)->adds_bos(), tests::spell((*tokenizer)->end_ids()));
  };
  CHECK(describe({}) == "bos -1 true ends 22");  // the post-processor says so
  CHECK(describe({.tokenizer_config = R"({"bos_token":"<s>","eos_token":{"content":"</s>"}})"}) == "bos 20 true ends 21 22");
  CHECK(describe({.tokenizer_config = R"({"bos_token":"<s>","add_bos_token":false})"}) == "bos 20 false ends 22");
  CHECK(describe({.special_tokens = R"({"bos_token":{"content":"<s>"},"eos_token":"</s>"})"}) == "bos 20 true ends 21 22");
  CHECK(describe({.config = R"({"bos_token_id":20,"eos_token_id":21})"}) == "bos 20 true ends 21 22");
  CHECK(describe({.config = R"({"eos_token_id":21})", .generation_config = R"({"eos_token_id":[22,21,-5,99999999999]})"}) == "bos -1 true ends 22 21");
  CHECK(describe({.config = R"({"eos_token_id":)"}).find("config.json") != std::string::npos);
}

TEST_CASE("a broken tokenizer.json is refused by a sentence that names the field") {
  const std::string whole = file_with("");
  check_error("", {"tokenizer.json"});
  check_error(whole.substr(0, whole.size() / 2), {"tokenizer.json"});
  check_error("[]", {"model"});
  check_error("{}", {"model"});
  check_error(R"({"model": 3})", {"model"});
  check_error(R"({"model": {"type":"WordPiece","vocab":{}}})", {"model.type", "WordPiece", "BPE"});
  check_error(R"({"model": {"type":"Unigram","vocab":[]}})", {"model.vocab", "empty"});
  check_error(R"({"model": {"type":"Unigram","vocab":{}}})", {"model.vocab", "array"});
  check_error(R"({"model": {"type":"Unigram","vocab":[["a"]]}})", {"model.vocab[0]", "score"});
  check_error(R"({"model": {"type":"Unigram","vocab":[["a",0]],"unk_id":1}})", {"model.unk_id", "1", "0 to 0"});
  check_error(R"({"model": {"type":"Unigram","vocab":[["a",0]],"unk_id":"a"}})", {"model.unk_id"});
  check_error(R"({"model": {"type":"BPE","merges":[]}})", {"model.vocab"});
  check_error(R"({"model": {"type":"BPE","vocab":{},"merges":[]}})", {"model.vocab", "empty"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":0}}})", {"model.merges"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":-1},"merges":[]}})", {"model.vocab", "'a'", "-1"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":4000000000},"merges":[]}})", {"model.vocab", "4000000000"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":18446744073709551615},"merges":[]}})", {"model.vocab", "18446744073709551615"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":"x"},"merges":[]}})", {"model.vocab", "'a'"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":1.5},"merges":[]}})", {"model.vocab", "'a'"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}})", {"model.vocab", "'a'", "'b'", "id 0"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}})", {"model.merges[0]", "'ab'"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":0,"b":1},"merges":["a z"]}})", {"model.merges[0]", "'z'"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":0,"b":1},"merges":["ab"]}})", {"model.merges[0]", "two tokens"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":0,"b":1},"merges":[["a"]]}})", {"model.merges[0]", "two tokens"});
  check_error(R"({"model": {"type":"BPE","vocab":{"a":0},"merges":[7]}})", {"model.merges[0]", "7"});
  check_error(file_with("", R"(, "end_of_word_suffix": "</w>")"), {"model.end_of_word_suffix", "</w>"});
  check_error(file_with("", R"(, "byte_fallback": 1)"), {"model", "byte_fallback"});
  check_error(file_with(R"(, "added_tokens": {})"), {"added_tokens", "array"});
  check_error(file_with(R"(, "added_tokens": [{"content":"x"}])"), {"added_tokens[0]", "'id'"});
  check_error(file_with(R"(, "added_tokens": [{"id":50}])"), {"added_tokens[0]", "'content'"});
  check_error(file_with(R"(, "added_tokens": [{"id":0,"content":"x"}])"), {"added_tokens[0]", "'a'", "'x'", "id 0"});
  check_error(file_with(R"(, "added_tokens": [{"id":50,"content":"a"}])"), {"added_tokens[0]", "'a'", "two ids"});
  check_error(file_with(R"(, "added_tokens": [{"id":-3,"content":"x"}])"), {"added_tokens[0]", "-3"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Nonsense"})"), {"pre_tokenizer.type", "Nonsense"});
  check_error(file_with(R"(, "pre_tokenizer": 5)"), {"pre_tokenizer"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Sequence"})"), {"pre_tokenizer.pretokenizers"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"}]})"),
              {"pre_tokenizer.pretokenizers[0]", "(a", "does not compile"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Split","pattern":{"Regex":"[a"},"behavior":"Isolated"})"), {"pre_tokenizer", "close"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"ByteLevel"}]})"), {"pre_tokenizer.pretokenizers[1]", "second"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Metaspace","add_prefix_space":false,"prepend_scheme":"first"})"), {"add_prefix_space", "never"});
  check_error(file_with(R"(, "decoder": {"type":"CTC"})"), {"decoder.type", "CTC"});
  check_error(file_with(R"(, "decoder": {"type":"Sequence"})"), {"decoder.decoders"});
  check_error(file_with(R"(, "decoder": {"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":"x","start":2,"stop":0}]})"), {"decoder.decoders[1]", "'x'"});
  check_error(file_with(R"(, "decoder": {"type":"Strip","content":"","start":1,"stop":0})"), {"decoder.content"});
  check_error(file_with(R"(, "post_processor": {"type":"Nonsense"})"), {"post_processor.type", "Nonsense"});
  check_error(file_with(R"(, "post_processor": {"type":"TemplateProcessing"})"), {"post_processor.single"});
  check_error(file_with(R"(, "post_processor": {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<no>","type_id":0}}]})"), {"post_processor.single", "<no>"});
  check_error(file_with(R"(, "post_processor": {"type":"BertProcessing","cls":["a",99]})"), {"post_processor.cls[1]", "99"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Split","pattern":"a","behavior":"Isolated"})"), {"pre_tokenizer.pattern"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Split","pattern":{"String":"a"},"behavior":"Sideways"})"), {"pre_tokenizer.behavior", "Sideways"});
  check_error(file_with(R"(, "pre_tokenizer": {"type":"Metaspace","prepend_scheme":"often"})"), {"pre_tokenizer.prepend_scheme", "often"});
  check_error(file_with(R"(, "normalizer": {"type":"Nonsense"})"), {"normalizer.type", "Nonsense"});
  check_error(file_with(R"(, "normalizer": {"type":"Replace","pattern":{"String":"a"}})"), {"normalizer", "'content'"});
}

TEST_CASE("steps nested without end are refused") {
  std::string nested = R"({"type":"NFC"})";
  for (int i = 0; i < 50; ++i) nested = R"({"type":"Sequence","normalizers":[)" + nested + "]}";
  check_error(file_with(R"(, "normalizer": )" + nested), {"normalizer", "nests"});
}

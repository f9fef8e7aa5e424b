#include "tokenizer/regex_syntax.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace tokenizer {
namespace {

using base::ErrorCode;
using base::Result;

constexpr int kDeepest = 50;  // classes inside classes

// Bodies of classes. Unicode's White_Space; PCRE2's own \s also takes U+180E.
constexpr std::string_view kSpace = R"(\t-\r\x{85}\p{Z})";
constexpr std::string_view kWord =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189})";
constexpr std::string_view kHex = "0-9A-Fa-f";
constexpr std::string_view kDigit = R"(\p{Nd})";

struct Named {
  std::string_view name, body;
};
constexpr Named kEscapes[] = {{"s", kSpace}, {"w", kWord}, {"h", kHex}, {"d", kDigit}};
constexpr Named kPosix[] = {{"space", kSpace},
                            {"word", kWord},
                            {"xdigit", kHex},
                            {"digit", kDigit},
                            {"alpha", R"(\p{Alphabetic})"},
                            {"alnum", R"(\p{Alphabetic}\p{Nd})"},
                            {"upper", R"(\p{Uppercase})"},
                            {"lower", R"(\p{Lowercase})"},
                            {"punct", R"(\p{P}\p{S})"}};

std::string braced(std::string_view body, bool negated) { return std::string(negated ? "[^" : "[").append(body).append("]"); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  Result<std::string> run() {
    while (at_ < in_.size())
      if (const auto done = step(); !done) return base::forward(done);
    return std::move(out_);
  }

 private:
  // A class: what fits between PCRE2's brackets, and what must stand beside them.
  struct Class {
    bool negated = false;
    std::string body;
    std::vector<std::string> beside;    // more that it matches: negated classes inside it
    std::vector<std::string> all_of;    // what stood before each &&

    bool plain() const { return !negated && beside.empty() && all_of.empty(); }
  };

  bool next_is(std::string_view text) const { return in_.substr(at_).starts_with(text); }
  std::unexpected<base::Error> refuse(std::string_view why) const {
    return base::fail(ErrorCode::Unsupported, "pattern '{}' {}", in_, why);
  }

  Result<void> step() {
    const char c = in_[at_];
    if (c == '\\') return escape();
    if (c == '[') {
      atom_ = out_.size();
      auto read = read_class(0);
      if (!read) return base::forward(read);
      out_ += spell(*read);
      return {};
    }
    if (c == '(') return open_group();
    if (c == ')' && !groups_.empty()) {
      atom_ = groups_.back();
      groups_.pop_back();
    } else if (c == '{' && interval()) {
      return {};
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80 && c != '*' && c != '+' && c != '?') {
      atom_ = out_.size();
    }
    out_ += c;
    ++at_;
    return {};
  }

  Result<void> escape() {
    atom_ = out_.size();
    if (at_ + 1 == in_.size()) return refuse("ends in a backslash");
    const char letter = in_[at_ + 1];
    at_ += 2;
    if (const auto body = escape_body(letter)) out_ += braced(*body, upper(letter));
    else if (letter == 'b' || letter == 'B') out_ += boundary(letter == 'b');
    else if (letter == 'Q' || letter == 'E') out_ += letter;  // quoting to PCRE2, letters to Oniguruma
    else copy_escape(letter, out_);
    return {};
  }

  static bool upper(char letter) { return letter >= 'A' && letter <= 'Z'; }

  static std::optional<std::string_view> escape_body(char letter) {
    const char lower = upper(letter) ? static_cast<char>(letter - 'A' + 'a') : letter;
    const auto* found = std::ranges::find(kEscapes, std::string_view(&lower, 1), &Named::name);
    return found == std::end(kEscapes) ? std::nullopt : std::optional(found->body);
  }

  static std::string boundary(bool is_one) {
    const std::string word = braced(kWord, false) + ")", after = "(?<=" + word, before = "(?<!" + word, next = "(?=" + word, none = "(?!" + word;
    return is_one ? "(?:" + after + none + "|" + before + next + ")" : "(?:" + after + next + "|" + before + none + ")";
  }

  // The rest of an escape that means the same to both: \p{...}, \x{...}, \. and the like; \u1234 is \x{1234}.
  void copy_escape(char letter, std::string& out) {
    if (letter == 'u' && at_ + 4 <= in_.size()) {
      out.append("\\x{").append(in_.substr(at_, 4)).append("}");
      at_ += 4;
      return;
    }
    out.append({'\\', letter});
    if ((letter != 'p' && letter != 'P' && letter != 'x') || !next_is("{")) return;
    const std::size_t end = std::min(in_.find('}', at_), in_.size() - 1) + 1;
    out.append(in_.substr(at_, end - at_));
    at_ = end;
  }

  // Ruby's (?m) lets a dot match line ends, which is PCRE2's (?s).
  Result<void> open_group() {
    if (groups_.size() > 200) return refuse("nests more than 200 groups");
    groups_.push_back(out_.size());
    out_ += in_[at_++];
    if (!next_is("?")) return {};
    const std::size_t end = in_.find_first_not_of("imx-", at_ + 1);
    if (end == std::string_view::npos || (in_[end] != ':' && in_[end] != ')')) return {};
    std::string flags(in_.substr(at_, end - at_));
    std::ranges::replace(flags, 'm', 's');
    out_ += flags;
    at_ = end;
    return {};
  }

  // {1,3}+ repeats the repetition in Ruby's syntax and is possessive in PCRE2's; {,3} is no interval to older PCRE2.
  bool interval() {
    const std::size_t close = in_.find('}', at_);
    if (close == std::string_view::npos) return false;
    const std::string_view inside = in_.substr(at_ + 1, close - at_ - 1);
    const std::size_t comma = std::min(inside.find(','), inside.size());
    const auto digits = [](std::string_view text) { return std::ranges::all_of(text, is_digit); };
    const std::string_view least = inside.substr(0, comma), most = inside.substr(std::min(comma + 1, inside.size()));
    if (inside.empty() || inside == "," || !digits(least) || !digits(most)) return false;
    out_ += comma == 0 ? "{0" : "{";
    out_.append(inside).append("}");
    at_ = close + 1;
    const bool exact = comma == inside.size();
    if (next_is("+") || (exact && next_is("?"))) {
      out_.insert(atom_, "(?:");
      out_ += ")";
    }
    return true;
  }

  Result<Class> read_class(int depth) {
    if (depth == kDeepest) return refuse("nests too many classes");
    Class read;
    ++at_;
    if (next_is("^")) {
      read.negated = true;
      ++at_;
    }
    for (bool first = true;; first = false) {
      if (at_ >= in_.size()) return refuse("does not close a class");
      if (in_[at_] == ']' && !first) break;
      if (const auto done = read_member(read, depth); !done) return base::forward(done);
    }
    ++at_;
    if (read.body.empty() && read.beside.empty()) return refuse("holds an empty class");
    return read;
  }

  Result<void> read_member(Class& read, int depth) {
    if (next_is("[:")) {
      if (const std::size_t end = in_.find(":]", at_); end != std::string_view::npos) return read_posix(end, read);
    }
    if (next_is("[")) {
      auto inner = read_class(depth + 1);
      if (!inner) return base::forward(inner);
      if (inner->plain()) read.body += inner->body;
      else read.beside.push_back(spell(*inner));
      return {};
    }
    if (next_is("&&")) {
      at_ += 2;
      read.all_of.push_back(union_of(read));
      read.body.clear();
      read.beside.clear();
      return {};
    }
    if (next_is("\\") && at_ + 1 < in_.size()) {
      const char letter = in_[at_ + 1];
      at_ += 2;
      const auto body = escape_body(letter);
      if (body && upper(letter)) read.beside.push_back(braced(*body, true));
      else if (body) read.body += *body;
      else copy_escape(letter, read.body);
      return {};
    }
    const char c = in_[at_++];
    if (c == '^' || c == ']' || c == '[') read.body += '\\';
    read.body += c;
    return {};
  }

  Result<void> read_posix(std::size_t end, Class& read) {
    std::string_view name = in_.substr(at_ + 2, end - at_ - 2);
    const bool negated = name.starts_with('^');
    if (negated) name.remove_prefix(1);
    at_ = end + 2;
    const auto* found = std::ranges::find(kPosix, name, &Named::name);
    if (found == std::end(kPosix)) return refuse(fmt::format("names the class [:{}:], which this build does not know", name));
    if (negated) read.beside.push_back(braced(found->body, true));
    else read.body += found->body;
    return {};
  }

  static std::string union_of(const Class& read) {
    if (read.beside.empty()) return braced(read.body, false);
    std::string text = "(?:";
    if (!read.body.empty()) text += braced(read.body, false) + "|";
    for (std::size_t i = 0; i < read.beside.size(); ++i) text += (i ? "|" : "") + read.beside[i];
    return text + ")";
  }

  static std::string spell(const Class& read) {
    if (read.beside.empty() && read.all_of.empty()) return braced(read.body, read.negated);
    std::string text;
    for (const std::string& one : read.all_of) text += "(?=" + one + ")";
    text += union_of(read);
    return read.negated ? "(?:(?!" + text + ")(?s:.))" : "(?:" + text + ")";
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  std::size_t atom_ = 0;  // where in out_ begins what a quantifier would repeat
  std::vector<std::size_t> groups_;
};

}  // namespace

Result<std::string> to_pcre2(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace tokenizer

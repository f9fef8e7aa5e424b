#include "lsp/transport/framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>


namespace lsp {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kLengthName = "content-length";
constexpr std::string_view kTypeName = "content-type";

char lower(char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same_letter(char a, char b) { return lower(a) == lower(b); }
bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, same_letter); }

std::size_t find_name(std::string_view text, std::string_view name, std::size_t from) {
  const auto start = text.begin() + static_cast<std::ptrdiff_t>(std::min(from, text.size()));
  const auto found = std::search(start, text.end(), name.begin(), name.end(), same_letter);
  return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// For an error message: short, and printable whatever it was.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) out += (' ' <= c && c <= '~') ? c : '?';
  return out + (text.size() > 40 ? "..." : "");
}

// Where the header's empty line ends, and where its own text does. Lines may end in \n alone: people type headers by hand.
struct HeaderEnd {
  std::size_t text = 0, body = 0;
};
std::optional<HeaderEnd> find_header_end(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    std::size_t next = at + 1;
    if (next < text.size() && text[next] == '\r') ++next;
    if (next < text.size() && text[next] == '\n') return HeaderEnd{at, next + 1};
  }
  return std::nullopt;
}

struct Header {
  std::optional<std::size_t> length;
  std::optional<base::Error> refused;  // a header that tells where its message ends, but cannot be served
};

base::Result<std::size_t> read_length(std::string_view value, const FrameLimits& limits) {
  std::size_t length = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), length);
  const bool digits = !value.empty() && std::ranges::all_of(value, [](char c) { return '0' <= c && c <= '9'; });
  if (!digits)
    return fail(ErrorCode::InvalidInput, "Content-Length is '{}': expected a number of bytes", quoted(value));
  if (problem != std::errc() || length > limits.body_bytes)
    return fail(ErrorCode::InvalidInput, "Content-Length is {}: a message may have at most {} bytes", quoted(value),
                limits.body_bytes);
  return length;
}

std::optional<base::Error> read_type(std::string_view value) {
  const std::size_t found = find_name(value, "charset=", 0);
  if (found == std::string_view::npos) return std::nullopt;
  std::string_view charset = value.substr(found + 8);
  charset = trimmed(charset.substr(0, charset.find(';')));
  if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"')
    charset = charset.substr(1, charset.size() - 2);
  if (same_name(charset, "utf-8") || same_name(charset, "utf8")) return std::nullopt;
  return base::Error{ErrorCode::InvalidInput,
                     fmt::format("Content-Type has charset '{}': expected utf-8", quoted(charset))};
}

base::Result<void> read_header_line(std::string_view line, const FrameLimits& limits, Header& header) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  const bool ascii = std::ranges::all_of(line, [](char c) { return c == '\t' || (' ' <= c && c <= '~'); });
  if (colon == std::string_view::npos || !ascii)
    return fail(ErrorCode::InvalidInput, "'{}' is not a header line: expected 'Content-Length: <bytes>'", quoted(line));
  const std::string_view name = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
  if (same_name(name, kTypeName)) header.refused = read_type(value);
  if (!same_name(name, kLengthName)) return {};
  auto length = read_length(value, limits);
  if (!length) return base::forward(length);
  if (header.length && *header.length != *length)
    return fail(ErrorCode::InvalidInput, "Content-Length is given twice, as {} and as {}", *header.length, *length);
  header.length = *length;
  return {};
}

base::Result<Header> parse_header(std::string_view text, const FrameLimits& limits) {
  Header header;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto line = read_header_line(text.substr(0, end), limits, header);
    if (!line) return base::forward(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!header.length) return fail(ErrorCode::InvalidInput, "the message's header has no Content-Length");
  return header;
}

}  // namespace

void FrameReader::drop_to(std::size_t place) {
  at_ = place;
  // Moving what is left costs its length: only worth it when that is less than what is freed.
  if (at_ == buffer_.size() || at_ > buffer_.size() / 2) {
    buffer_.erase(0, at_);
    at_ = 0;
    if (buffer_.empty() && buffer_.capacity() > (1U << 20)) buffer_.shrink_to_fit();
  }
}

bool FrameReader::find_next_header() {
  const std::size_t found = find_name(buffer_, "content-length:", at_);
  if (found == std::string::npos) {
    const std::size_t keep = std::min(kLengthName.size(), buffer_.size() - at_);  // its first letters may be here
    drop_to(buffer_.size() - keep);
    return false;
  }
  drop_to(found);
  lost_ = false;
  return true;
}

std::optional<base::Result<std::string>> FrameReader::read_header() {
  const std::string_view text = std::string_view(buffer_).substr(at_);
  const auto end = find_header_end(text.substr(0, limits_.header_bytes));
  if (!end && text.size() < limits_.header_bytes) return std::nullopt;
  if (!end) {
    lost_ = true;
    drop_to(at_ + 1);
    return fail(ErrorCode::InvalidInput, "a message's header has more than {} bytes", limits_.header_bytes);
  }
  auto header = parse_header(text.substr(0, end->text), limits_);
  if (!header) {
    lost_ = true;
    // What looks like a header may be the rest of a body whose length was told wrong, with the next header right behind it.
    const bool begins_well = same_name(text.substr(0, kLengthName.size()), kLengthName);
    drop_to(at_ + (begins_well ? end->body : 1));
    return base::forward(header);
  }
  drop_to(at_ + end->body);
  if (header->refused) {
    skip_ = *header->length;
    return std::unexpected(*header->refused);
  }
  body_length_ = header->length;
  return std::nullopt;
}

std::optional<base::Result<std::string>> FrameReader::next() {
  if (skip_ > 0) {
    const std::size_t skipped = std::min(skip_, buffer_.size() - at_);
    skip_ -= skipped;
    drop_to(at_ + skipped);
    if (skip_ > 0) return std::nullopt;
  }
  if (lost_ && !find_next_header()) return std::nullopt;
  if (!body_length_) {
    if (auto problem = read_header()) return problem;
    if (!body_length_) return std::nullopt;
  }
  if (buffer_.size() - at_ < *body_length_) return std::nullopt;
  std::string body = buffer_.substr(at_, *body_length_);
  drop_to(at_ + *body_length_);
  body_length_.reset();
  return body;
}

std::string frame(std::string_view body) { return fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body); }

}  // namespace lsp

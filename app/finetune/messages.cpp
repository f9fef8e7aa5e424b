#include "app/finetune/messages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <span>

#include "base/json.h"
#include "base/utf8.h"

namespace app {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;
using base::Result;

constexpr std::array<std::string_view, 4> kText = {"text", "content", "body", "message"};
constexpr std::array<std::string_view, 7> kWho = {"sender_name", "from", "sender", "author", "name", "user", "who"};
constexpr std::array<std::string_view, 6> kTime = {"timestamp_ms", "timestamp", "date_unixtime", "date", "time", "created_at"};
constexpr std::array<std::string_view, 5> kThread = {"thread", "conversation", "chat", "thread_id", "channel"};
constexpr std::int64_t kPause = 6 * 3600;

// Seconds, milliseconds, or "2021-03-04T05:06:07" and the like.
std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc() && end == text.data() + text.size() && number > 0) return number > 100'000'000'000 ? number / 1000 : number;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(std::string(text).c_str(), "%4d-%2d-%2d%*[T ]%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) < 3) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)), std::chrono::day(unsigned(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t(86400) + hour * 3600 + minute * 60 + second;
}

// ---- JSON ------------------------------------------------------------------------------------------------------------

// Telegram writes a text with links as a list of parts.
std::string plain(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string out;
  if (value.is_array())
    for (const Json& part : value) {
      if (part.is_string()) out += part.get<std::string>();
      else out += base::try_get<std::string>(part, "text").value_or("");
    }
  return out;
}

std::string first_of(const Json& message, std::span<const std::string_view> names) {
  for (const std::string_view name : names)
    if (const Json* value = base::find_field(message, name)) {
      if (value->is_number_integer()) return std::to_string(value->get<std::int64_t>());
      if (std::string text = plain(*value); !text.empty()) return text;
    }
  return {};
}

void take(const Json& list, const std::string& thread, std::vector<Message>& out) {
  for (const Json& one : list) {
    if (one.is_string()) {
      out.push_back({{}, one.get<std::string>(), thread, {}});
      continue;
    }
    if (!one.is_object()) continue;
    Message message{first_of(one, kWho), first_of(one, kText), thread, seconds_of(first_of(one, kTime))};
    if (message.thread.empty()) message.thread = first_of(one, kThread);
    if (!message.text.empty()) out.push_back(std::move(message));
  }
}

void take_all(const Json& json, std::vector<Message>& out) {
  if (json.is_array()) return take(json, {}, out);
  if (const Json* list = base::find_field(json, "messages"); list && list->is_array()) take(*list, base::try_get<std::string>(json, "title").value_or(""), out);
  const Json* chats = base::find_field(json, "chats");
  const Json* list = chats ? base::find_field(*chats, "list") : nullptr;
  if (!list || !list->is_array()) return;
  std::size_t number = 0;
  for (const Json& chat : *list) {
    const std::string name = base::try_get<std::string>(chat, "name").value_or("") + "#" + std::to_string(++number);
    if (const Json* messages = base::find_field(chat, "messages"); messages && messages->is_array()) take(*messages, name, out);
  }
}

// ---- CSV -------------------------------------------------------------------------------------------------------------

using Row = std::vector<std::string>;

std::vector<Row> rows_of(std::string_view text, char between) {
  std::vector<Row> rows;
  Row row;
  std::string field;
  bool quoted = false;
  const auto end_row = [&] {
    row.push_back(std::move(field)), field.clear();
    if (row.size() > 1 || !row[0].empty()) rows.push_back(std::move(row));
    row.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') field += c;
      else if (i + 1 < text.size() && text[i + 1] == '"') field += text[++i];
      else quoted = false;
    } else if (c == '"' && field.empty()) quoted = true;
    else if (c == between) row.push_back(std::move(field)), field.clear();
    else if (c == '\n') end_row();
    else if (c != '\r') field += c;
  }
  if (!field.empty() || !row.empty()) end_row();
  return rows;
}

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return c < 128 ? char(std::tolower(c)) : char(c); });
  return text;
}

std::optional<std::size_t> column_of(const Row& head, std::span<const std::string_view> names) {
  for (const std::string_view name : names)
    for (std::size_t i = 0; i < head.size(); ++i)
      if (lowered(head[i]) == name) return i;
  return std::nullopt;
}

Result<std::vector<Message>> from_csv(std::string_view text, const std::string& what) {
  const std::string_view first = text.substr(0, text.find('\n'));
  char between = ',';
  for (const char candidate : {';', '\t'})
    if (std::ranges::count(first, candidate) > std::ranges::count(first, between)) between = candidate;
  const std::vector<Row> rows = rows_of(text, between);
  const auto words = rows.empty() ? std::nullopt : column_of(rows[0], kText);
  if (!words) return fail(ErrorCode::InvalidInput, "{}: expected JSON, or CSV with a column text, content, body or message in its first line", what);
  const auto who = column_of(rows[0], kWho), time = column_of(rows[0], kTime), thread = column_of(rows[0], kThread);
  std::vector<Message> out;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto at = [&](std::optional<std::size_t> column) { return column && *column < rows[i].size() ? rows[i][*column] : std::string(); };
    if (std::string said = at(words); !said.empty()) out.push_back({at(who), std::move(said), at(thread), seconds_of(at(time))});
  }
  return out;
}

}  // namespace

Result<std::vector<Message>> parse_messages(std::string_view text, const std::string& what) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::string clean = base::sanitize_utf8(std::string(text));
  const std::size_t start = clean.find_first_not_of(" \t\r\n");
  std::vector<Message> out;
  if (start != std::string::npos && (clean[start] == '[' || clean[start] == '{')) {
    const auto json = base::parse_json(clean, what);
    if (!json) return base::forward(json);
    take_all(*json, out);
  } else {
    auto read = from_csv(clean, what);
    if (!read) return base::forward(read);
    out = std::move(*read);
  }
  if (out.empty()) return fail(ErrorCode::InvalidInput, "{}: holds no message: expected objects or columns with text, content, body or message", what);
  return out;
}

std::vector<std::string> conversations(std::vector<Message> messages) {
  const bool timed = std::ranges::all_of(messages, [](const Message& m) { return m.seconds.has_value(); });
  std::ranges::stable_sort(messages, [&](const Message& a, const Message& b) {
    if (a.thread != b.thread) return a.thread < b.thread;
    return timed && *a.seconds < *b.seconds;
  });
  std::vector<std::string> out;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& m = messages[i];
    const bool goes_on = i > 0 && messages[i - 1].thread == m.thread && (!timed || *m.seconds - *messages[i - 1].seconds < kPause);
    if (!goes_on) out.emplace_back();
    out.back() += m.who.empty() ? m.text + "\n" : m.who + ": " + m.text + "\n";
  }
  return out;
}

}  // namespace app

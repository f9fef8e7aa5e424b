#include "engine/ngram/segment.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/atomic_file.h"
#include "engine/ngram/suffix_array.h"

namespace engine {
namespace {

// The file, all little-endian: this header, rows of documents, order (u32 each), tokens (packed), padding.
struct Header {
  char magic[8] = {'R', 'P', 'N', 'G', 'R', 'A', 'M', '1'};
  std::uint64_t documents = 0, tokens = 0;
};
constexpr std::uint64_t kMostTokens = 0x7FFFFF00;
constexpr TokenId kStart = -1;  // before a document's first token; less than any id

template <class T>
void append(std::vector<std::byte>& image, const T* values, std::size_t count) {
  const auto* begin = reinterpret_cast<const std::byte*>(values);
  image.insert(image.end(), begin, begin + count * sizeof(T));
}

// Positions in the order of what stands before them, read backwards.
std::vector<std::int32_t> context_order(std::span<const TokenId> text, const std::stop_token& stop) {
  std::vector<std::int32_t> reversed(text.rbegin(), text.rend());
  // Ids are numbered anew without holes: buckets of few documents stay small.
  TokenId most = 0;
  for (const TokenId id : text)
    if (id != kSeparator) most = std::max(most, id);
  for (std::int32_t& id : reversed)
    if (id == kSeparator) id = most + 1;
  std::vector<std::int32_t> rank(std::size_t(most) + 2, 0);
  for (const std::int32_t id : reversed) rank[id] = 1;
  std::int32_t symbols_used = 0;
  for (std::int32_t& r : rank) r = r ? symbols_used++ : 0;
  for (std::int32_t& id : reversed) id = rank[id];
  std::vector<std::int32_t> order = suffix_array(reversed, symbols_used, stop);
  // A reversed suffix at j is what stands before position n - j. Nothing stands before position 0, so it comes first; behind
  // the last separator no token follows.
  const auto n = std::int32_t(text.size());
  std::vector<std::int32_t> out;
  out.reserve(text.size());
  out.push_back(0);
  for (const std::int32_t j : order)
    if (j != 0) out.push_back(n - j);
  return out;
}

}  // namespace

std::shared_ptr<const Segment> Segment::build(std::vector<TokenDocument> documents, std::stop_token stop) {
  std::sort(documents.begin(), documents.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  std::vector<DocumentRow> rows;
  std::vector<TokenId> text;
  for (const TokenDocument& document : documents) {
    rows.push_back({document.key, text.size()});
    text.insert(text.end(), document.tokens.begin(), document.tokens.end());
    text.push_back(kSeparator);
  }
  const Header header{.documents = rows.size(), .tokens = text.size()};
  std::vector<std::byte> image;
  image.reserve(sizeof header + rows.size() * sizeof(DocumentRow) + text.size() * 7 + kPadding);
  append(image, &header, 1);
  append(image, rows.data(), rows.size());
  if (!text.empty()) {
    const auto order = context_order(text, stop);
    if (stop.stop_requested()) return nullptr;
    append(image, order.data(), order.size());
  }
  for (const TokenId id : text) pack(id, image);
  image.insert(image.end(), kPadding, std::byte{});
  auto seen = of_image(image, "");
  auto out = std::const_pointer_cast<Segment>(*seen);
  out->built_ = std::move(image);
  return out;
}

base::Result<std::shared_ptr<const Segment>> Segment::of_image(std::span<const std::byte> image, std::string_view name) {
  const auto damaged = [&] { return base::fail(base::ErrorCode::InvalidInput, "{}: is not an index segment of this version", name); };
  Header header;
  if (image.size() < sizeof header) return damaged();
  std::memcpy(&header, image.data(), sizeof header);
  if (std::memcmp(header.magic, Header{}.magic, sizeof header.magic) != 0) return damaged();
  if (header.tokens > kMostTokens || header.documents > header.tokens) return damaged();
  const std::size_t order_at = sizeof header + header.documents * sizeof(DocumentRow);
  const std::size_t tokens_at = order_at + header.tokens * sizeof(std::uint32_t);
  if (image.size() != tokens_at + header.tokens * kBytesPerToken + kPadding) return damaged();
  auto segment = std::make_shared<Segment>();
  segment->image_ = image;
  segment->documents_ = {reinterpret_cast<const DocumentRow*>(image.data() + sizeof header), header.documents};
  segment->order_ = {reinterpret_cast<const std::uint32_t*>(image.data() + order_at), header.tokens};
  segment->tokens_ = PackedTokens(image.subspan(tokens_at));
  std::uint64_t least = 0;
  for (const DocumentRow& row : segment->documents_) {
    if (row.begin < least || row.begin >= header.tokens) return damaged();
    least = row.begin + 1;
  }
  return segment;
}

base::Result<std::shared_ptr<const Segment>> Segment::of_file(std::shared_ptr<const base::MappedFile> file) {
  auto segment = of_image(file->bytes(), file->path().string());
  if (!segment) return base::forward(segment);
  std::const_pointer_cast<Segment>(*segment)->file_ = std::move(file);
  return segment;
}

base::Result<std::shared_ptr<const Segment>> Segment::open(const std::filesystem::path& path) {
  auto file = base::MappedFile::open(path);
  if (!file) return base::forward(file);
  return of_file(*std::move(file));
}

base::Result<void> Segment::write(const std::filesystem::path& path) const {
  auto file = base::AtomicFile::create(path);
  if (!file) return base::forward(file);
  if (auto done = file->write(image_); !done) return done;
  return file->commit();
}

TokenId Segment::behind(std::uint32_t entry, std::size_t depth) const {
  const std::uint32_t position = order_[entry];
  return depth <= position ? tokens_[position - depth] : kStart;
}

void Segment::context_ranges(std::span<const TokenId> context, std::size_t longest, std::vector<EntryRange>& ranges) const {
  ranges.assign(1, {0, std::uint32_t(order_.size())});
  longest = std::min(longest, context.size());
  for (std::size_t depth = 1; depth <= longest; ++depth) {
    const TokenId wanted = context[context.size() - depth];
    const auto [begin, end] = ranges.back();
    std::uint32_t low = begin, high = end;
    while (low < high) {  // the first entry that is not less
      const std::uint32_t middle = low + (high - low) / 2;
      if (behind(middle, depth) < wanted) low = middle + 1;
      else high = middle;
    }
    const std::uint32_t first = low;
    if (first == end || behind(first, depth) != wanted) return;
    // The first that is greater: by doubling steps, since ranges shrink fast.
    std::uint32_t step = 1;
    while (first + step < end && behind(first + step, depth) == wanted) low = first + step, step *= 2;
    high = std::min(end, first + step);
    ++low;
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (behind(middle, depth) <= wanted) low = middle + 1;
      else high = middle;
    }
    ranges.push_back({first, low});
  }
}

Segment::DocumentRange Segment::document(std::size_t i) const {
  const std::uint64_t end = i + 1 < documents_.size() ? documents_[i + 1].begin : order_.size();
  return {documents_[i].key, std::uint32_t(documents_[i].begin), std::uint32_t(end - 1)};
}

std::optional<Segment::DocumentRange> Segment::find(DocumentKey key) const {
  const auto found = std::lower_bound(documents_.begin(), documents_.end(), key, [](const DocumentRow& row, DocumentKey k) { return row.key < k; });
  if (found == documents_.end() || found->key != key) return std::nullopt;
  return document(std::size_t(found - documents_.begin()));
}

std::vector<TokenId> Segment::tokens_of(const DocumentRange& range) const {
  std::vector<TokenId> out;
  out.reserve(range.end - range.begin);
  for (std::uint32_t i = range.begin; i < range.end; ++i) out.push_back(tokens_[i]);
  return out;
}

}  // namespace engine

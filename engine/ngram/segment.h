// segment.h: an immutable index over the token ids of some documents: what stood behind each context, in sorted order.
// build() it from documents, write() it to a file, open() that file mapped; context_ranges() finds a context at every length.
// Seven bytes a token. Immutable: any thread reads it. Errors name the file. Contexts never reach over a document's start.
// A suffix array over the reversed text: entries that share their last tokens stand together, so the ranges of longer contexts
// lie within those of shorter ones, and one walk finds them all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "engine/ngram/packed_tokens.h"

namespace engine {

using DocumentKey = std::uint64_t;

struct TokenDocument {
  DocumentKey key = 0;  // a segment holds a key at most once
  std::vector<TokenId> tokens;
};

struct EntryRange {
  std::uint32_t begin = 0, end = 0;  // of entries
  std::uint32_t size() const { return end - begin; }
  bool operator==(const EntryRange&) const = default;
};

class Segment {
 public:
  // Null where a stop was asked for before it was done.
  static std::shared_ptr<const Segment> build(std::vector<TokenDocument> documents, std::stop_token stop = {});
  static base::Result<std::shared_ptr<const Segment>> open(const std::filesystem::path& path);
  // What a file holds, in memory; `name` for errors.
  static base::Result<std::shared_ptr<const Segment>> of_file(std::shared_ptr<const base::MappedFile> file);
  base::Result<void> write(const std::filesystem::path& path) const;

  // ranges[n]: the entries whose last n tokens are the context's last n; as far as there are any, at most `longest` tokens.
  void context_ranges(std::span<const TokenId> context, std::size_t longest, std::vector<EntryRange>& ranges) const;

  std::size_t entries() const { return order_.size(); }
  std::uint32_t position(std::uint32_t entry) const { return order_[entry]; }  // of the token behind the entry's context
  TokenId token(std::size_t position) const { return tokens_[position]; }      // kSeparator behind a document's last token
  void prefetch(std::size_t position) const { tokens_.prefetch(position); }
  std::size_t bytes() const { return image_.size(); }

  struct DocumentRange {
    DocumentKey key = 0;
    std::uint32_t begin = 0, end = 0;  // positions; `end` is where its separator stands
  };
  std::size_t documents() const { return documents_.size(); }
  DocumentRange document(std::size_t i) const;
  std::optional<DocumentRange> find(DocumentKey key) const;
  std::vector<TokenId> tokens_of(const DocumentRange& range) const;

 private:
  struct DocumentRow {
    DocumentKey key;
    std::uint64_t begin;
  };
  static base::Result<std::shared_ptr<const Segment>> of_image(std::span<const std::byte> image, std::string_view name);
  TokenId behind(std::uint32_t entry, std::size_t depth) const;  // the token `depth` before the entry's position

  std::span<const std::byte> image_;  // the file's bytes
  std::vector<std::byte> built_;      // what image_ points into, or:
  std::shared_ptr<const base::MappedFile> file_;
  std::span<const DocumentRow> documents_;  // by key
  PackedTokens tokens_;
  std::span<const std::uint32_t> order_;
};

}  // namespace engine

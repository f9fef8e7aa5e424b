// sequence_stream.h: a corpus as an endless row of token sequences, each at most a context long and of one document alone.
// make(corpus, tokenizer, options), then next() for ever; position() and seek() make a stopped training go on where it was.
// A document is cut into pieces at line ends; all pieces of the corpus are shuffled anew every epoch, and each draws its own
// form from (seed, epoch, document, piece): left to right, or with a hole (holes.h), prefix first or suffix first. Ids never
// come from user text that looks like a special token. Memory: 8 bytes a piece. Owns nothing; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/train/data/corpus_source.h"
#include "engine/train/data/holes.h"
#include "tokenizer/fim.h"
#include "tokenizer/tokenizer.h"

namespace engine {

struct SequenceOptions {
  std::size_t context = 512;
  double fim = 0.75;          // share of pieces with a hole; 0 where the vocabulary has no markers
  double suffix_first = 0.5;  // of them: SPM, PRE SUF suffix MID prefix middle, as StarCoder's; the others PSM. All where the vocabulary asks so
  double no_suffix = 0.1;     // of them: as at the end of a file
  double header = 0.5;        // begin with the file's path, in the vocabulary's repository form or as a comment
  double packed = 0;          // share of pieces with a part of another file of their repository before them, where the vocabulary has a form for that
  double import_dropout = 0;  // share of pieces without the lines that import, which a user has not always written yet
  HoleMix holes;
  std::uint64_t seed = 0;
};

// What a model reads at once, and where in it a hole is filled in.
struct Example {
  std::vector<tokenizer::TokenId> ids;  // at least two
  std::size_t middle = 0;               // the hole's own ids begin here; ids.size(): there is none
};

class SequenceStream {
 public:
  struct Position {
    std::uint64_t epoch = 0, piece = 0;
    bool operator==(const Position&) const = default;
  };

  static base::Result<SequenceStream> make(const CorpusSource& corpus, const tokenizer::Tokenizer& tokenizer, const SequenceOptions& options);

  base::Result<Example> next();
  Position position() const { return at_; }
  void seek(Position position);

  std::uint64_t pieces() const { return pieces_.size(); }
  double bytes_per_token() const { return bytes_per_token_; }

 private:
  struct Piece {
    std::uint32_t document = 0, index = 0;
  };
  SequenceStream(const CorpusSource& corpus, const tokenizer::Tokenizer& tokenizer, const SequenceOptions& options)
      : corpus_(corpus), tokenizer_(tokenizer), options_(options), fim_(tokenizer::probe_fim(tokenizer)) {}

  base::Result<void> measure();
  void shuffle();
  std::string_view cut(std::string_view text, const Piece& piece) const;
  std::vector<tokenizer::TokenId> encode(std::string_view text, bool continues) const;
  // A piece's text, and whether it is its document's first and last.
  struct Part {
    std::string_view text;
    bool begins = true, ends = true;
  };
  base::Result<std::optional<Document>> neighbour(const Document& document, std::size_t index, Random& random) const;
  bool pack(const Document& document, const Document& other, std::vector<tokenizer::TokenId>& begun, std::string& heading) const;
  Example form(const Document& document, const Part& part, const std::optional<Document>& other, Random& random) const;
  Example left_to_right(std::vector<tokenizer::TokenId> begun, std::string_view text, bool whole_end) const;
  Example with_hole(std::vector<tokenizer::TokenId> begun, const std::string& heading, const Hole& hole, Random& random) const;

  const CorpusSource& corpus_;
  const tokenizer::Tokenizer& tokenizer_;
  SequenceOptions options_;
  std::optional<tokenizer::FimLayout> fim_;
  std::vector<Piece> pieces_;  // in this epoch's order
  double bytes_per_token_ = 1;
  std::size_t piece_bytes_ = 1;
  Position at_;
  std::uint64_t shuffled_ = ~std::uint64_t{0};
};

}  // namespace engine

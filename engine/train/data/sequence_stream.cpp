#include "engine/train/data/sequence_stream.h"

#include <algorithm>

namespace engine {
namespace {

using tokenizer::TokenId;
using Ids = std::vector<TokenId>;

constexpr std::size_t kSampled = 256 << 10;  // bytes that tell how long a token is
constexpr double kFill = 0.92;               // of a context that a piece of ordinary text should fill

void append(Ids& ids, std::span<const TokenId> more) { ids.insert(ids.end(), more.begin(), more.end()); }

bool imports(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  for (const std::string_view start : {"import ", "#include", "using ", "use "})
    if (line.starts_with(start)) return true;
  return line.starts_with("from ") && line.find(" import ") != std::string_view::npos;
}

// Import dropout (Semenkin et al. 2024, arXiv 2405.08704).
std::string without_imports(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    if (const std::string_view line = text.substr(begin, end - begin); !imports(line)) out += line;
    begin = end;
  }
  return out;
}

// "# name.py\n" or "// name.cc\n": how an editor's prompt names the file to a model without a form of its own for that.
std::string comment_heading(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::string_view ending = name.substr(std::min(name.rfind('.'), name.size() - 1) + 1);
  for (const std::string_view hash : {"py", "pyi", "rb", "sh", "cmake", "txt"})
    if (ending == hash) return fmt::format("# {}\n", name);
  return fmt::format("// {}\n", name);
}

}  // namespace

base::Result<SequenceStream> SequenceStream::make(const CorpusSource& corpus, const tokenizer::Tokenizer& tokenizer, const SequenceOptions& options) {
  SequenceStream stream(corpus, tokenizer, options);
  if (!stream.fim_) stream.options_.fim = 0;
  if (auto done = stream.measure(); !done) return base::forward(done);
  return stream;
}

// How many bytes a token has, from documents spread over the corpus; then which pieces there are.
base::Result<void> SequenceStream::measure() {
  std::size_t bytes = 0, tokens = 0;
  const std::size_t stride = std::max<std::size_t>(1, corpus_.size() / 64);
  for (std::size_t i = 0; i < corpus_.size() && bytes < kSampled; i += stride) {
    const auto document = corpus_.document(i);
    if (!document) return base::forward(document);
    const std::string_view part = std::string_view(document->text).substr(0, kSampled / 16);
    bytes += part.size(), tokens += encode(part, false).size();
  }
  bytes_per_token_ = double(bytes) / double(std::max<std::size_t>(1, tokens));
  piece_bytes_ = std::max<std::size_t>(16, std::size_t(bytes_per_token_ * double(options_.context) * kFill));
  for (std::size_t i = 0; i < corpus_.size(); ++i) {
    const std::size_t count = corpus_.stored_bytes(i) / piece_bytes_ + 2;  // one more, as an epoch's first piece may be short
    for (std::size_t k = 0; k < count; ++k) pieces_.push_back({std::uint32_t(i), std::uint32_t(k)});
  }
  return {};
}

void SequenceStream::seek(Position position) { at_ = position; }

void SequenceStream::shuffle() {
  std::ranges::sort(pieces_, {}, [](const Piece& piece) { return (std::uint64_t(piece.document) << 32) | piece.index; });
  Random random(seed_of({options_.seed, at_.epoch}));
  for (std::size_t left = pieces_.size(); left > 1; --left) std::swap(pieces_[left - 1], pieces_[random.below(left)]);
  shuffled_ = at_.epoch;
}

// Pieces begin behind a line's end; where they lie moves from epoch to epoch.
std::string_view SequenceStream::cut(std::string_view text, const Piece& piece) const {
  const std::size_t shift = Random(seed_of({options_.seed, at_.epoch, piece.document})).below(piece_bytes_);
  const auto boundary = [&](std::size_t k) -> std::size_t {
    if (k == 0) return 0;
    const std::size_t from = k * piece_bytes_ - shift;
    if (from >= text.size()) return text.size();
    if (const std::size_t newline = text.find('\n', from); newline < from + piece_bytes_ / 2) return newline + 1;
    std::size_t at = from;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    return at;
  };
  const std::size_t begin = boundary(piece.index), end = std::max(begin, boundary(piece.index + 1));
  return text.substr(begin, end - begin);
}

Ids SequenceStream::encode(std::string_view text, bool continues) const { return tokenizer_.encode(text, {.parse_special = false, .continues = continues}); }

base::Result<Example> SequenceStream::next() {
  for (std::size_t fruitless = 0; fruitless <= 2 * pieces_.size(); ++fruitless) {
    if (at_.piece >= pieces_.size()) at_ = {at_.epoch + 1, 0};
    if (shuffled_ != at_.epoch) shuffle();
    const Piece piece = pieces_[at_.piece];
    const auto document = corpus_.document(piece.document);
    if (!document) return base::forward(document);
    const std::string_view text = cut(document->text, piece);
    Random random(seed_of({options_.seed, at_.epoch, piece.document, piece.index}));
    ++at_.piece;
    if (text.empty()) continue;
    Part part{text, text.data() == document->text.data(), text.data() + text.size() == document->text.data() + document->text.size()};
    std::string bare;
    if (options_.import_dropout > 0 && random.chance(options_.import_dropout)) bare = without_imports(text), part.text = bare;
    base::Result<std::optional<Document>> other = std::nullopt;
    if (options_.packed > 0 && random.chance(options_.packed)) other = neighbour(*document, piece.document, random);
    if (!other) return base::forward(other);
    if (Example out = form(*document, part, *other, random); out.ids.size() > 1) return out;
  }
  return base::fail(base::ErrorCode::InvalidInput, "the corpus has no text of two tokens");
}

// Another document near by of the same repository, as an index or an import would have found it: repositories lie together.
base::Result<std::optional<Document>> SequenceStream::neighbour(const Document& document, std::size_t index, Random& random) const {
  constexpr std::size_t kNear = 8;
  const std::size_t first = index - std::min(index, kNear), last = std::min(corpus_.size() - 1, index + kNear);
  const std::size_t chosen = random.between(first, last);
  if (chosen == index || document.repository.empty()) return std::nullopt;
  auto other = corpus_.document(chosen);
  if (!other) return base::forward(other);
  if (other->repository != document.repository || other->path.empty()) return std::nullopt;
  const std::size_t room = piece_bytes_ / 3, begin = random.below(other->text.size());
  const std::size_t newline = other->text.rfind('\n', begin), start = newline == std::string::npos ? 0 : newline + 1;
  std::size_t end = std::min(other->text.size(), start + room);
  while (end > start && end < other->text.size() && (static_cast<unsigned char>(other->text[end]) & 0xC0) == 0x80) --end;
  other->text = other->text.substr(start, end - start);
  return std::optional(std::move(*other));
}

// As a prompt shows other files. False where the form wants marks within the prefix.
bool SequenceStream::pack(const Document& document, const Document& other, Ids& begun, std::string& heading) const {
  const tokenizer::RepositoryFile shown{other.path, other.text};
  const auto context = tokenizer::repository_context(fim_->repository, document.repository, {&shown, 1}, document.path);
  if (std::ranges::any_of(context.in_prefix, [](const auto& piece) { return piece.marker.has_value(); })) return false;
  for (const auto& piece : context.before_markers) {
    if (piece.marker) begun.push_back(*piece.marker);
    append(begun, encode(piece.text, true));
  }
  for (const auto& piece : context.in_prefix) heading += piece.text;
  return true;
}

Example SequenceStream::form(const Document& document, const Part& part, const std::optional<Document>& other, Random& random) const {
  const auto& [text, begins, ends] = part;
  Ids begun;
  if (begins || fim_)
    for (const TokenId id : tokenizer_.begin_ids()) begun.push_back(id);
  std::string heading;
  const bool packed = other && fim_ && fim_->repository && pack(document, *other, begun, heading);
  if (!packed && fim_ && !document.path.empty() && document.path.size() < 120 && random.chance(options_.header)) {
    if (fim_->repository.file && random.chance(0.7)) {
      if (fim_->repository.repo_name && !document.repository.empty() && random.chance(0.2)) {
        begun.push_back(*fim_->repository.repo_name);
        append(begun, encode(fmt::format("{}{}", document.repository, fim_->repository.repo_end), true));
      }
      begun.push_back(*fim_->repository.file);
      append(begun, encode(fmt::format("{}{}{}", fim_->repository.path_begin, document.path, fim_->repository.path_end), true));
    } else {
      heading = comment_heading(document.path);
    }
  }
  if (random.chance(options_.fim)) {
    const Hole hole = cut_hole(text, options_.holes, random);
    if (Example out = with_hole(begun, heading, hole, random); !out.ids.empty()) return out;
  }
  if (!heading.empty()) append(begun, encode(heading, true));
  return left_to_right(std::move(begun), text, ends);
}

Example SequenceStream::left_to_right(Ids begun, std::string_view text, bool whole_end) const {
  append(begun, encode(text, !begun.empty()));
  if (whole_end && !tokenizer_.end_ids().empty()) begun.push_back(tokenizer_.end_ids().front());
  if (begun.size() > options_.context) begun.resize(options_.context);
  const std::size_t size = begun.size();
  return {.ids = std::move(begun), .middle = size};
}

// The middle whole, then as much before and behind it as the context has room for. Empty where the middle leaves too little.
Example SequenceStream::with_hole(Ids ids, const std::string& heading, const Hole& hole, Random& random) const {
  constexpr std::size_t kMarkers = 4;
  const Ids middle = encode(hole.middle, true);
  const std::size_t fixed = ids.size() + middle.size() + kMarkers;
  if (fixed + 32 > options_.context) return {};
  const std::size_t room = options_.context - fixed;
  Ids suffix;
  if (!random.chance(options_.no_suffix)) suffix = encode(hole.suffix.substr(0, room * 16), true);
  Ids prefix = encode(heading.empty() ? std::string(hole.prefix) : heading + std::string(hole.prefix), true);
  const std::size_t wanted_after = std::min(suffix.size(), random.between(room / 8, room / 2));
  const std::size_t before = std::min(prefix.size(), room - wanted_after), after = std::min(suffix.size(), room - before);
  const std::span<const TokenId> near(prefix.data() + prefix.size() - before, before);
  suffix.resize(after);
  using enum tokenizer::FimOrder;
  if (fim_->order == SuffixPrefixMiddle || !fim_->middle) {  // a family whose one order is its own: SUF suffix PRE prefix (MID) middle
    ids.push_back(fim_->suffix), append(ids, suffix), ids.push_back(fim_->prefix), append(ids, near);
    if (fim_->middle) ids.push_back(*fim_->middle);
  } else if (fim_->order == SuffixMiddlePrefix || random.chance(options_.suffix_first)) {
    ids.push_back(fim_->prefix), ids.push_back(fim_->suffix), append(ids, suffix), ids.push_back(*fim_->middle), append(ids, near);
  } else {
    ids.push_back(fim_->prefix), append(ids, near), ids.push_back(fim_->suffix), append(ids, suffix), ids.push_back(*fim_->middle);
  }
  const std::size_t begin = ids.size();
  append(ids, middle);
  if (!tokenizer_.end_ids().empty()) ids.push_back(tokenizer_.end_ids().front());
  return {.ids = std::move(ids), .middle = begin};
}

}  // namespace engine

#include "engine/kernels/pack_file.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <optional>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/weights/gguf_blocks.h"

namespace engine {
namespace {

using base::GgmlType;

constexpr std::int64_t kChunkBytes = 128 << 10;             // of a file: read, then worked on while it is in the second-level cache
constexpr std::int64_t kTaskBytes = std::int64_t(2) << 20;  // of codes: few tasks share a page, or a huge page
constexpr float kUnit = 0x1p-12F;                           // of scales that are rounded here: halves then reach from 2^-26 to 16
constexpr float kLargest = 15, kSmallest = 0x1p-16F;        // a matrix's largest magnitude that this unit serves

std::optional<cpu::FloatKind> kind_of(GgmlType type) {
  switch (type) {
    case GgmlType::F32: return cpu::FloatKind::F32;
    case GgmlType::F16: return cpu::FloatKind::F16;
    case GgmlType::BF16: return cpu::FloatKind::BF16;
    default: return std::nullopt;
  }
}

// Types whose blocks a panel holds as they are.
std::optional<PackedForm> form_of(GgmlType type) {
  switch (type) {
    case GgmlType::Q8_0: return PackedForm{.bits = 8, .zero = 128, .has_minimum = false};
    case GgmlType::Q4_0: return PackedForm{.bits = 4, .zero = 8, .has_minimum = false};
    case GgmlType::Q4_1: return PackedForm{.bits = 4, .zero = 0, .has_minimum = true};
    default: return std::nullopt;
  }
}

// Whether the matrix is what it says; what is wrong with it, repack() and quantize() can tell.
bool sound(const StoredMatrix& m) {
  const auto block = base::ggml_block(m.type);
  if (!block || m.rows < 1 || m.columns < 1 || m.columns % block->elements != 0 || m.columns % 32 != 0) return false;
  const std::int64_t row_bytes = m.columns / block->elements * block->bytes;
  if (std::int64_t(m.bytes.size()) / row_bytes != m.rows || std::int64_t(m.bytes.size()) % row_bytes != 0) return false;
  return std::all_of(m.order.begin(), m.order.end(), [&](std::int64_t row) { return row >= 0 && row < m.rows; });
}

// Rows of a file, in the order asked for, one after the other.
class RowReader {
 public:
  explicit RowReader(const FileMatrix& file) : file_(file), row_bytes_(std::int64_t(file.matrix.bytes.size()) / file.matrix.rows) {}
  std::int64_t row_bytes() const { return row_bytes_; }
  std::int64_t rows() const { return file_.matrix.order.empty() ? file_.matrix.rows : std::int64_t(file_.matrix.order.size()); }

  void read(std::int64_t first, std::int64_t count, std::byte* into) const {
    const auto& order = file_.matrix.order;
    for (std::int64_t row = first; row < first + count;) {
      std::int64_t run = 1;  // rows that stand together in the file
      while (row + run < first + count && (order.empty() || order[std::size_t(row + run)] == order[std::size_t(row)] + run)) ++run;
      const std::int64_t from = order.empty() ? row : order[std::size_t(row)];
      file_.read(file_.matrix.bytes.subspan(std::size_t(from * row_bytes_), std::size_t(run * row_bytes_)), into);
      into += run * row_bytes_, row += run;
    }
  }

 private:
  const FileMatrix& file_;
  std::int64_t row_bytes_;
};

// Memory of a thread between its tasks; grows only.
std::byte* scratch(std::int64_t size, std::vector<std::byte>& held) {
  if (std::int64_t(held.size()) < size) held.resize(std::size_t(size));
  return held.data();
}

// Calls chunk(first panel, panels) for all of them, some of which are a task.
template <class Chunk>
void for_each_chunk(const PackedWeight& w, const PackedForm& form, std::int64_t row_bytes, Team& team, const Chunk& chunk) {
  const std::int64_t panel_codes = std::max<std::int64_t>(1, cpu::kPanel * form.columns * form.bits / 8);
  const std::int64_t by_threads = (w.panels() + 2 * team.threads() - 1) / (2 * team.threads());
  const std::int64_t task = std::max<std::int64_t>(1, std::min(by_threads, kTaskBytes / panel_codes));
  const std::int64_t step = std::max<std::int64_t>(1, kChunkBytes / std::max<std::int64_t>(1, cpu::kPanel * row_bytes));
  team.run((w.panels() + task - 1) / task, [&](std::int64_t index) {
    const std::int64_t end = std::min(w.panels(), (index + 1) * task);
    for (std::int64_t panel = index * task; panel < end; panel += step) chunk(panel, std::min(step, end - panel));
  });
}

void interleave(const std::byte* rows, std::int64_t row_bytes, std::int64_t count, const PackedForm& form, const PackedWeight::Panel& panel) {
  cpu::BlockRows in{.rows = {}, .units = form.columns / 32, .bits = form.bits, .has_minimum = form.has_minimum};
  for (std::int64_t r = 0; r < std::min<std::int64_t>(cpu::kPanel, count); ++r) in.rows[r] = reinterpret_cast<const std::uint8_t*>(rows) + r * row_bytes;
  kernels().fused->interleave(in, panel.codes, panel.scales, panel.minimums);
}

// The rows of one panel as blocks of `bits`; the bits of their largest magnitude.
std::uint32_t round_rows(const StoredMatrix& m, const std::byte* rows, std::int64_t row_bytes, std::int64_t count, int bits, std::uint8_t* blocks) {
  const std::int64_t units = m.columns / 32, out_bytes = units * (bits == 8 ? 34 : 20);
  const auto kind = kind_of(m.type);
  static thread_local std::vector<float> floats;
  std::uint32_t worst = 0;
  for (std::int64_t r = 0; r < count; ++r, rows += row_bytes) {
    const void* in = rows;
    if (!kind) {
      floats.resize(std::size_t(m.columns));
      (void)dequantize(m.type, {rows, std::size_t(row_bytes)}, floats);  // of a type that was tried before
      in = floats.data();
    }
    worst = std::max(worst, kernels().fused->round_row(in, kind.value_or(cpu::FloatKind::F32), units, bits, kUnit, blocks + r * out_bytes));
  }
  return worst;
}

bool can_dequantize(GgmlType type) {
  const auto block = base::ggml_block(type);
  if (!block) return false;
  const std::vector<std::byte> bytes(block->bytes);
  std::vector<float> values(block->elements);
  return bool(dequantize(type, bytes, values));
}

}  // namespace

base::Result<PackedWeight> pack_stored(const FileMatrix& file, Team& team, Arena* arena) {
  const auto form_of_type = form_of(file.matrix.type);
  if (!form_of_type || !sound(file.matrix)) {
    auto grouped = repack(file.matrix, team.threads());
    if (!grouped) return base::forward(grouped);
    return pack(*grouped, &team, arena);
  }
  const RowReader reader(file);
  PackedForm form = *form_of_type;
  form.rows = reader.rows(), form.columns = file.matrix.columns;
  PackedWeight out(form, arena);
  for_each_chunk(out, form, reader.row_bytes(), team, [&](std::int64_t panel, std::int64_t panels) {
    static thread_local std::vector<std::byte> held;
    const std::int64_t first = panel * cpu::kPanel, count = std::min(panels * cpu::kPanel, form.rows - first);
    std::byte* const rows = scratch(count * reader.row_bytes(), held);
    reader.read(first, count, rows);
    for (std::int64_t p = 0; p < panels; ++p)
      interleave(rows + p * cpu::kPanel * reader.row_bytes(), reader.row_bytes(), count - p * cpu::kPanel, form, out.panel(panel + p));
  });
  return out;
}

base::Result<PackedWeight> pack_rounded(const FileMatrix& file, int bits, Team& team, Arena* arena) {
  const auto slowly = [&]() -> base::Result<PackedWeight> {
    auto grouped = quantize(file.matrix, bits, team.threads());
    if (!grouped) return base::forward(grouped);
    return pack(*grouped, &team, arena);
  };
  if ((bits != 8 && bits != 4) || !sound(file.matrix) || !can_dequantize(file.matrix.type)) return slowly();
  const RowReader reader(file);
  const PackedForm form{.rows = reader.rows(), .columns = file.matrix.columns, .bits = bits, .zero = bits == 8 ? 128 : 0, .has_minimum = bits == 4, .unit = kUnit};
  PackedWeight out(form, arena);
  const std::int64_t block_bytes = form.columns / 32 * (bits == 8 ? 34 : 20);
  std::atomic<std::uint32_t> worst{0};
  for_each_chunk(out, form, reader.row_bytes(), team, [&](std::int64_t panel, std::int64_t panels) {
    static thread_local std::vector<std::byte> held, rounded;
    const std::int64_t first = panel * cpu::kPanel, count = std::min(panels * cpu::kPanel, form.rows - first);
    std::byte *const rows = scratch(count * reader.row_bytes(), held), *const blocks = scratch(cpu::kPanel * block_bytes, rounded);
    reader.read(first, count, rows);
    std::uint32_t here = 0;
    for (std::int64_t p = 0; p < panels; ++p) {
      const std::int64_t left = std::min<std::int64_t>(cpu::kPanel, count - p * cpu::kPanel);
      here = std::max(here, round_rows(file.matrix, rows + p * cpu::kPanel * reader.row_bytes(), reader.row_bytes(), left, bits, reinterpret_cast<std::uint8_t*>(blocks)));
      interleave(blocks, block_bytes, left, form, out.panel(panel + p));
    }
    for (std::uint32_t seen = worst; here > seen && !worst.compare_exchange_weak(seen, here);) {}
  });
  const float most = std::bit_cast<float>(worst.load());
  if (!(most >= kSmallest && most <= kLargest)) return slowly();  // no number, or beyond what the unit serves; or all zeros
  return out;
}

}  // namespace engine

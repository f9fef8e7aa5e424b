// pack_file.h: a file's matrix as a packed weight in one pass, on a team's threads: no copy of it stands between.
// pack_stored() takes block-quantised matrices over; pack_rounded() rounds any matrix to 8 bits (symmetric) or 4 (with a minimum).
// Rows are read through `read`, since the page cache copies bytes for less than the faults of a mapping. Errors as repack()'s and
// quantize()'s, whose results these are, scales and minimums rounded to halves (codes then by the rounded scale).
#pragma once

#include <functional>

#include "base/result.h"
#include "engine/kernels/packed.h"
#include "engine/threads/team.h"

namespace engine {

struct FileMatrix {
  StoredMatrix matrix;
  std::function<void(std::span<const std::byte> part, std::byte* into)> read;  // of matrix.bytes; from any thread
};

base::Result<PackedWeight> pack_stored(const FileMatrix& file, Team& team, Arena* arena = nullptr);
base::Result<PackedWeight> pack_rounded(const FileMatrix& file, int bits, Team& team, Arena* arena = nullptr);

}  // namespace engine

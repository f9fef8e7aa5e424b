// row_order.h: the orders in which files keep the rows of a matrix where a model, or another file, has them in its own.
// Each is a list: row r of the result is row order[r] of what it is taken from. `heads` divides `rows`.
// Pure. Source: llama.cpp's convert_hf_to_gguf.py.
#pragma once

#include <cstdint>
#include <vector>

namespace engine {

// The model's rows of a matrix that llama.cpp's converter permuted so that rotary pairs stand next to each other.
std::vector<std::int64_t> rope_rows(std::int64_t rows, std::int64_t heads);
// And that permutation itself: GGUF's rows of a Hugging Face matrix.
std::vector<std::int64_t> gguf_rope_rows(std::int64_t rows, std::int64_t heads);
// [queries; keys; values] of a matrix that holds each head's three one after the other, as GPT-NeoX and BLOOM do.
std::vector<std::int64_t> rows_of_fused_heads(std::int64_t heads, std::int64_t head_width);
// Rows first, first + 1, ... of a tensor that holds several matrices one after the other.
std::vector<std::int64_t> row_range(std::int64_t first, std::int64_t count);

}  // namespace engine

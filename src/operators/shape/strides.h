// How torch lays tensors out in memory: the strides of results and of views, from the strides of operands.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include "operators/shape/shape.h"

namespace thoplw::shape {

enum class MemoryFormat : std::uint8_t { contiguous, preserve, channels_last, channels_last_3d };

/// Row-major; a dimension of size 0 counts as 1.
Dims contiguous_strides(std::span<const std::int64_t> sizes);

/// Strides of a new tensor. `preserve` is not an answer here: see preserved_strides.
Dims strides_for(const Dims& sizes, MemoryFormat format);

bool is_contiguous(const Strided& x);

/// Contiguous, with the strides of contiguous_strides also for dimensions of size 1, where they do not matter.
bool is_canonical(const Strided& x);

bool is_contiguous(const Strided& x, MemoryFormat format);

/// Do two dimensions have the same stride, or has one stride 0? Then each step of a kernel may order them another way.
bool has_ties(const Strided& x);

/// Non-overlapping and dense: some order of its dimensions makes it contiguous.
bool is_dense(const Strided& x);

/// The memory format that x's strides ask its results to have.
MemoryFormat suggested_format(const Strided& x);

/// Strides of torch.empty_like(x): those of x, or where x is not dense, dense ones in the same order.
Dims preserved_strides(const Strided& x);

constexpr std::size_t kMaxOperands = 3;

/// Strides of the result of an element by element operator whose operands were all expanded to `sizes`: dense, in the
/// order of the operands' strides. torch's TensorIterator does the same but for dimensions of size 1.
Dims elementwise_strides(const Dims& sizes, std::span<const Strided* const> operands);

/// Expands `sizes` to hold `other` too; false if they do not broadcast.
bool broadcast_to(Dims& sizes, std::span<const std::int64_t> other);

/// Strides of x.expand(sizes), which must be allowed.
Dims expanded_strides(const Strided& x, const Dims& sizes);

/// Strides of x.view(sizes), or nothing where that needs a copy. The number of elements must agree.
std::optional<Dims> view_strides(const Strided& x, const Dims& sizes);

std::int64_t elements(std::span<const std::int64_t> sizes);

}  // namespace thoplw::shape

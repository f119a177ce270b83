// Shape rules: from an operator's arguments to the sizes, strides and element type of its results.
// They know neither torch nor Python. A rule that is not sure says so, and torch is asked instead.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "trace/dims.h"
#include "trace/dtype.h"

namespace thoplw {

/// A strided tensor as shape rules see it.
struct Strided {
  DType dtype = DType::f32;
  Dims sizes;
  Dims strides;  ///< in elements

  std::int64_t dim() const { return static_cast<std::int64_t>(sizes.size()); }
};

/// One argument. Only the fields that belong to its `kind` are set.
struct Arg {
  enum class Kind : std::uint8_t {
    none,  ///< None: absent optional, or not given and without a default
    tensor,
    tensors,  ///< list; null entries are None
    integer,
    real,
    boolean,
    ints,
    reals,  ///< list of numbers, not all integers
    text,
    dtype,
    other,  ///< layout, device, memory format, list of other things: see `text` for its str()
  };
  Kind kind = Kind::none;
  const Strided* tensor = nullptr;
  std::span<const Strided* const> tensors = {};
  std::int64_t integer = 0;  ///< also for booleans: 0 or 1
  double real = 0;           ///< also for integers
  std::span<const std::int64_t> ints = {};
  std::span<const double> reals = {};
  std::string_view text = {};
  DType dtype = DType::other;

  bool given() const { return kind != Kind::none; }
};

/// All arguments of one call in schema order: positional ones, then keyword-only ones; defaults are filled in.
using Args = std::span<const Arg>;

/// One result. Exactly one of: new tensor, input returned as it is, view of an input.
struct Result {
  Strided tensor;
  int alias_of = -1;        ///< flat index of the tensor among the call's tensor arguments; -1: a new tensor
  bool same = false;        ///< the input itself (in-place); then `tensor` is not read
  std::int64_t offset = 0;  ///< of a view, in elements from the input's own
};

/// Fills `results` and returns true if it is sure of shape, type, strides and aliasing. Otherwise returns false, and
/// `results` is not read. It also returns false for invalid arguments: torch then says what is wrong.
using ShapeFn = bool (*)(Args args, std::vector<Result>& results);

}  // namespace thoplw

// What inference knows of a node's inputs, where much may be unknown: -1 is a size that is not known.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "load/onnx/operators.h"

namespace thoplw::onnx {

using Out = std::span<Known>;
using Ints = std::vector<std::int64_t>;

constexpr std::size_t kMostDims = 64;
constexpr std::int64_t kNoSize = -1;

/// The i-th input. Throws Error where there is none.
const Known& need(const NodeView& view, std::size_t i);

/// Its elements where all of them are followed, else null; an element may be kUnknown.
const Ints* elements_of(const Known* known);
/// The only element, where it is known.
std::optional<std::int64_t> element_of(const Known* known);
/// The only element of a tensor of any type, where it is known.
std::optional<double> number_of(const Known* known);
/// The same, cut off to an integer.
std::optional<std::int64_t> whole_number_of(const Known* known);

/// A list that is an attribute in some versions and an input in others.
struct List {
  bool given = false;
  std::optional<Ints> values;     ///< nothing where they are not known; one may be kUnknown
  std::int64_t length = kNoSize;  ///< how many there are
  bool whole() const { return values && std::find(values->begin(), values->end(), kUnknown) == values->end(); }
};
List list_of(const NodeView& view, std::string_view attribute, std::size_t input);

/// Wraps a negative axis. Throws Error where it is out of range.
std::size_t wrap_axis(std::int64_t axis, std::size_t rank);

// What comes out. Sizes that are not known leave what the file says of the value.
void give_type(Out out, std::size_t i, DType dtype);
void give(Out out, std::size_t i, DType dtype, Dims shape);
void give_like(Out out, std::size_t i, DType dtype, const Known& shaped);
inline void give_like(Out out, std::size_t i, const Known& x) { give_like(out, i, x.dtype, x); }
/// A tensor of so many dimensions, of which no size is known.
void give_rank(Out out, std::size_t i, DType dtype, std::int64_t rank);

// Sizes: what is made of one that is not known is not known. Throw Error beyond 2^63.
std::int64_t plus(std::int64_t a, std::int64_t b);
std::int64_t times(std::int64_t a, std::int64_t b);
std::int64_t elements_in(std::span<const std::int64_t> shape);
/// Both are the same size: the one that is known. Throws Error where they differ.
std::int64_t same_size(std::int64_t a, std::int64_t b);
/// Element by element: sizes of 1 are stretched. Throws Error where they do not fit.
void broadcast(Dims& sizes, std::span<const std::int64_t> other);
inline std::int64_t size_of(std::int64_t element) { return element == kUnknown ? kNoSize : element; }

// Elements that move: result i is element places[i] of x, or not known where that is kNowhere.
using Places = std::vector<std::size_t>;
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
bool followed(const Known& x);  ///< are its elements, and is the number of them right?
/// Row by row through `sizes`, where a step along dimension d moves by steps[d].
Places places(std::span<const std::int64_t> sizes, std::int64_t start, std::span<const std::int64_t> steps);
Dims row_major(std::span<const std::int64_t> sizes);
void move_elements(const Known& x, const Places& places, Known& out);
/// Where out has as many elements as x, in the same order.
void keep_elements(const Known& x, Out out, std::size_t i = 0);
/// Can out be followed: are its sizes known and small?
bool is_small(const Known& out);

}  // namespace thoplw::onnx

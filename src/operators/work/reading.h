// What formulas read an operator with: its sizes, its attributes, the parts of nested tensors.
#pragma once

#include <string_view>
#include <vector>

#include "base/count.h"
#include "base/error.h"
#include "operators/op_view.h"

namespace thoplw::work {

/// A formula throws this if the sizes do not determine the work. The operator is then listed as not counted.
struct NotCounted : Error {
  using Error::Error;
};

/// The product of all sizes but those from `from_end` on, counted from the end: 1 leaves out the last.
Count leading(const Tensor& tensor, std::size_t from_end = 1);

/// Size `from_end` places before the end: 1 is the last. Throws Error if there is no such dimension.
Count size_from_end(const Tensor& tensor, std::size_t from_end);

/// The sizes of each part of a nested input, from the attribute parts0, parts1, ... Each part of a plain tensor has its
/// sizes but the first. Throws NotCounted if a nested tensor has no such attribute.
std::vector<Dims> parts_of(const OpView& op, std::size_t input);

/// The attribute as a T. Throws Error where it is missing or of another type.
template <class T>
const T& attr_as(const OpView& op, std::string_view name);

}  // namespace thoplw::work

// A shape rule on arguments written as text, for tests.
//
// Arguments are parted by a space: f32[2,3] a contiguous tensor, f32[2,3]@[1,2] one with strides, (f32[2];f32[3]) a
// list of tensors, none, 3, 1.5, true, [1,2] integers, 'text', :f64 an element type, <torch.channels_last> other.
// Results: f32[2,3] new and contiguous, f32[2,3]@[1,2] new with strides, "view f32[2]+3" a view of argument 0 from
// element 3 on, "same" argument 0 itself, "?" no answer; several are parted by a space.
#pragma once

#include <string>
#include <string_view>

#include "operators/shape/shape.h"

namespace thoplw::shape {

std::string apply(ShapeFn rule, std::string_view args);

}  // namespace thoplw::shape

// Results of operators that go element by element, and the arithmetic of small tensors that they do on the way.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/overflow.h"
#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

/// The integer as one of that type holds it; kUnknown where it does not.
std::int64_t fitted(DType dtype, std::int64_t value) {
  const auto within = [&](std::int64_t low, std::int64_t high) {
    return value >= low && value <= high ? value : kUnknown;
  };
  switch (dtype) {
    case DType::i64:
    case DType::boolean:
      return value;
    case DType::i32:
      return within(INT32_MIN, INT32_MAX);
    case DType::i16:
      return within(INT16_MIN, INT16_MAX);
    case DType::i8:
      return within(INT8_MIN, INT8_MAX);
    case DType::u8:
      return within(0, UINT8_MAX);
    case DType::u16:
      return within(0, UINT16_MAX);
    case DType::u32:
      return within(0, UINT32_MAX);
    case DType::u64:
      return within(0, INT64_MAX);
    default:
      return kUnknown;
  }
}

// Rounding after each step makes f32 arithmetic in doubles exact: floor() of a product of sizes and scales hangs on it.
double fitted(DType dtype, double value) {
  if (dtype == DType::f64) return value;
  return dtype == DType::f32 ? static_cast<double>(static_cast<float>(value)) : kNotKnown;
}

std::int64_t add(std::int64_t a, std::int64_t b) { return add_overflows(a, b, a) ? kUnknown : a; }
std::int64_t subtract(std::int64_t a, std::int64_t b) { return subtract_overflows(a, b, a) ? kUnknown : a; }
std::int64_t multiply(std::int64_t a, std::int64_t b) { return multiply_overflows(a, b, a) ? kUnknown : a; }
std::int64_t divide(std::int64_t a, std::int64_t b) {
  return b == 0 || (a == INT64_MIN && b == -1) ? kUnknown : a / b;  // towards zero
}
std::int64_t remainder_as_dividend(std::int64_t a, std::int64_t b) { return b == 0 ? kUnknown : b == -1 ? 0 : a % b; }
std::int64_t remainder_as_divisor(std::int64_t a, std::int64_t b) {
  const std::int64_t rest = remainder_as_dividend(a, b);
  return rest != kUnknown && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
std::int64_t smaller(std::int64_t a, std::int64_t b) { return std::min(a, b); }
std::int64_t larger(std::int64_t a, std::int64_t b) { return std::max(a, b); }
std::int64_t power(std::int64_t a, std::int64_t b) {
  const double value = std::pow(static_cast<double>(a), static_cast<double>(b));
  constexpr double kExact = 9007199254740992;  // 2^53
  return std::abs(value) <= kExact && value == std::floor(value) ? static_cast<std::int64_t>(value) : kUnknown;
}

/// Elements of x as they meet those of `shape`.
Places stretched(const Known& x, const Dims& shape) {
  Dims steps(shape.size(), 0);
  const Dims own = row_major(x.shape);
  const std::size_t shift = shape.size() - x.shape.size();
  for (std::size_t d = 0; d < own.size(); ++d) steps[shift + d] = x.shape[d] == 1 ? 0 : own[d];
  return places(shape, 0, steps);
}

bool are_ints(const Known& a, const Known& b) { return a.elements && b.elements; }
bool are_reals(const Known& a, const Known& b) { return a.reals && b.reals; }

/// Elements of `out`, whose sizes are those of a and b broadcast. A function is null where it is not followed.
void combine(const Known& a, const Known& b, Known& out, const Arithmetic& arithmetic) {
  if (!is_small(out) || !followed(a) || !followed(b)) return;
  const Places of_a = stretched(a, out.shape), of_b = stretched(b, out.shape);
  if (are_ints(a, b) && arithmetic.ints) {
    Ints result;
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      const std::int64_t x = (*a.elements)[of_a[i]], y = (*b.elements)[of_b[i]];
      result.push_back(x == kUnknown || y == kUnknown ? kUnknown : fitted(out.dtype, arithmetic.ints(x, y)));
    }
    out.elements = std::move(result);
  }
  if (are_reals(a, b) && arithmetic.reals) {
    std::vector<double> result;
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      result.push_back(fitted(out.dtype, arithmetic.reals((*a.reals)[of_a[i]], (*b.reals)[of_b[i]])));
    }
    out.reals = std::move(result);
  }
}

/// Sizes of all inputs broadcast. Before version 7 the first input's sizes were the result's.
void broadcast_inputs(const NodeView& view, Out out, DType dtype, std::size_t first = 0) {
  if (view.node.integer("broadcast", 0) != 0) return give_like(out, 0, dtype, need(view, 0));
  Dims sizes;
  for (std::size_t i = first; i < view.in.size(); ++i) {
    const Known& x = need(view, i);
    if (!x.has_rank) return give_type(out, 0, dtype);
    broadcast(sizes, x.shape);
  }
  give(out, 0, dtype, std::move(sizes));
}

DType first_type(const NodeView& view, std::size_t first = 0) {
  for (std::size_t i = first; i < view.in.size(); ++i) {
    if (need(view, i).dtype != DType::other) return view.in[i]->dtype;
  }
  return DType::other;
}

template <class Compare>
void compare_elements(const NodeView& view, Out out, Compare compare) {
  if (view.in.size() != 2 || out.empty() || view.node.integer("broadcast", 0) != 0) return;
  const Known& a = need(view, 0);
  const Known& b = need(view, 1);
  Known& result = out[0];
  if (!is_small(result) || !followed(a) || !followed(b)) return;
  const Places of_a = stretched(a, result.shape), of_b = stretched(b, result.shape);
  Ints elements;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    if (are_ints(a, b)) {
      const std::int64_t x = (*a.elements)[of_a[i]], y = (*b.elements)[of_b[i]];
      elements.push_back(x == kUnknown || y == kUnknown ? kUnknown : compare(x, y));
    } else if (are_reals(a, b)) {
      const double x = (*a.reals)[of_a[i]], y = (*b.reals)[of_b[i]];
      elements.push_back(std::isnan(x) || std::isnan(y) ? kUnknown : compare(x, y));
    }
  }
  if (elements.size() == of_a.size()) result.elements = std::move(elements);
}

std::int64_t cast_to_int(DType dtype, double value) {
  constexpr double kLimit = 9.2e18;  // below 2^63
  if (std::isnan(value)) return kUnknown;
  if (dtype == DType::boolean) return value != 0;
  return std::abs(value) < kLimit ? fitted(dtype, static_cast<std::int64_t>(value)) : kUnknown;  // towards zero
}

void cast_elements(const Known& x, Known& out) {
  if (!followed(x) || !is_small(out)) return;
  const bool to_int = is_integral(out.dtype), to_real = out.dtype == DType::f32 || out.dtype == DType::f64;
  if (to_int) out.elements.emplace();
  if (to_real) out.reals.emplace();
  const std::size_t count = x.elements ? x.elements->size() : x.reals->size();
  for (std::size_t i = 0; i < count; ++i) {
    if (x.elements) {
      const std::int64_t value = (*x.elements)[i];
      const bool unknown = value == kUnknown;
      if (to_int) {
        out.elements->push_back(unknown                       ? kUnknown
                                : out.dtype == DType::boolean ? std::int64_t{value != 0}
                                                              : fitted(out.dtype, value));
      }
      if (to_real) out.reals->push_back(unknown ? kNotKnown : fitted(out.dtype, static_cast<double>(value)));
    } else {
      const double value = (*x.reals)[i];
      if (to_int) out.elements->push_back(cast_to_int(out.dtype, value));
      if (to_real) out.reals->push_back(fitted(out.dtype, value));
    }
  }
}

void cast_as(const NodeView& view, Out out, DType dtype) {
  const Known& x = need(view, 0);
  give_like(out, 0, dtype, x);
  if (!out.empty() && dtype != DType::other) cast_elements(x, out[0]);
}

}  // namespace

const Arithmetic kAdd{add, [](double a, double b) { return a + b; }};
const Arithmetic kSubtract{subtract, [](double a, double b) { return a - b; }};
const Arithmetic kMultiply{multiply, [](double a, double b) { return a * b; }};
const Arithmetic kDivide{divide, [](double a, double b) { return b == 0 ? kNotKnown : a / b; }};
const Arithmetic kSmaller{smaller, [](double a, double b) { return std::isnan(b) ? b : std::min(a, b); }};
const Arithmetic kLarger{larger, [](double a, double b) { return std::isnan(b) ? b : std::max(a, b); }};
const Arithmetic kPower{power, [](double a, double b) { return std::pow(a, b); }};

void same(const NodeView& view, Out out) { give_like(out, 0, need(view, 0)); }

void identity(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  give_like(out, 0, x);
  keep_elements(x, out);
  if (!out.empty()) out[0].items = x.items;
}

void to_bool(const NodeView& view, Out out) { give_like(out, 0, DType::boolean, need(view, 0)); }

void broadcasting(const NodeView& view, Out out) { broadcast_inputs(view, out, first_type(view)); }

void arithmetic(const NodeView& view, Out out, const Arithmetic& functions) {
  broadcasting(view, out);
  if (out.empty() || view.node.integer("broadcast", 0) != 0 || view.in.empty()) return;
  if (view.in.size() == 1) return keep_elements(*view.in[0], out);
  Known sum = *view.in[0];
  for (std::size_t i = 1; i < view.in.size() && followed(sum); ++i) {
    Known next{.dtype = out[0].dtype, .has_rank = true, .shape = sum.shape, .elements = {}, .reals = {}, .items = {}};
    broadcast(next.shape, view.in[i]->shape);
    combine(sum, *view.in[i], next, functions);
    sum = std::move(next);
  }
  if (followed(sum)) keep_elements(sum, out);
}

void add(const NodeView& view, Out out) { arithmetic(view, out, kAdd); }
void subtract(const NodeView& view, Out out) { arithmetic(view, out, kSubtract); }
void multiply(const NodeView& view, Out out) { arithmetic(view, out, kMultiply); }
void divide(const NodeView& view, Out out) { arithmetic(view, out, kDivide); }
void minimum(const NodeView& view, Out out) { arithmetic(view, out, kSmaller); }
void maximum(const NodeView& view, Out out) { arithmetic(view, out, kLarger); }
void power(const NodeView& view, Out out) {
  broadcast_inputs(view, out, need(view, 0).dtype);
  if (view.in.size() == 2 && need(view, 0).dtype == need(view, 1).dtype) arithmetic(view, out, kPower);
}

void modulo(const NodeView& view, Out out) {
  const bool fmod = view.node.integer("fmod", 0) != 0;
  arithmetic(view, out, {fmod ? remainder_as_dividend : remainder_as_divisor, nullptr});
}

void comparison(const NodeView& view, Out out) { broadcast_inputs(view, out, DType::boolean); }

namespace {

template <class Compare>
void compared(const NodeView& view, Out out, Compare compare) {
  comparison(view, out);
  compare_elements(view, out, [compare](auto a, auto b) { return std::int64_t{compare(a, b)}; });
}

}  // namespace

void equal(const NodeView& view, Out out) {
  compared(view, out, [](auto a, auto b) { return a == b; });
}
void greater(const NodeView& view, Out out) {
  compared(view, out, [](auto a, auto b) { return a > b; });
}
void greater_or_equal(const NodeView& view, Out out) {
  compared(view, out, [](auto a, auto b) { return a >= b; });
}
void less(const NodeView& view, Out out) {
  compared(view, out, [](auto a, auto b) { return a < b; });
}
void less_or_equal(const NodeView& view, Out out) {
  compared(view, out, [](auto a, auto b) { return a <= b; });
}
void logical_and(const NodeView& view, Out out) {
  compared(view, out, [](auto a, auto b) { return a != 0 && b != 0; });
}
void logical_or(const NodeView& view, Out out) {
  compared(view, out, [](auto a, auto b) { return a != 0 || b != 0; });
}

namespace {

void each(const NodeView& view, Out out, std::int64_t (*ints)(std::int64_t), double (*reals)(double)) {
  same(view, out);
  const Known& x = need(view, 0);
  if (out.empty() || !followed(x)) return;
  keep_elements(x, out);
  if (out[0].elements) {
    for (std::int64_t& value : *out[0].elements) value = value == kUnknown || !ints ? kUnknown : ints(value);
  }
  if (out[0].reals) {
    for (double& value : *out[0].reals) value = fitted(x.dtype, reals ? reals(value) : kNotKnown);
  }
}

}  // namespace

void negate(const NodeView& view, Out out) {
  each(
      view, out, [](std::int64_t a) { return a == INT64_MIN ? kUnknown : -a; }, [](double a) { return -a; });
}
void absolute(const NodeView& view, Out out) {
  each(
      view, out, [](std::int64_t a) { return a == INT64_MIN ? kUnknown : std::abs(a); },
      [](double a) { return std::abs(a); });
}
void relu(const NodeView& view, Out out) {
  each(
      view, out, [](std::int64_t a) { return std::max<std::int64_t>(a, 0); }, [](double a) { return a < 0 ? 0 : a; });
}
void floor(const NodeView& view, Out out) {
  each(view, out, nullptr, [](double a) { return std::floor(a); });
}
void ceil(const NodeView& view, Out out) {
  each(view, out, nullptr, [](double a) { return std::ceil(a); });
}
void round(const NodeView& view, Out out) {
  each(view, out, nullptr, [](double a) { return std::nearbyint(a); });  // halves to even
}
void square_root(const NodeView& view, Out out) {
  each(view, out, nullptr, [](double a) { return std::sqrt(a); });
}
void logical_not(const NodeView& view, Out out) {
  each(
      view, out, [](std::int64_t a) { return std::int64_t{a == 0}; }, nullptr);
  give_type(out, 0, DType::boolean);
}

void where(const NodeView& view, Out out) {
  const Known& condition = need(view, 0);
  const Known* branches[] = {&need(view, 1), &need(view, 2)};
  broadcast_inputs(view, out, first_type(view, 1));
  const bool all = elements_of(&condition) && followed(*branches[0]) && followed(*branches[1]);
  if (out.empty() || !all || !is_small(out[0]) || view.node.integer("broadcast", 0) != 0) return;
  const Places of_condition = stretched(condition, out[0].shape);
  Known chosen_from[2];
  for (std::size_t i = 0; i < 2; ++i) {
    move_elements(*branches[i], stretched(*branches[i], out[0].shape), chosen_from[i]);
  }
  const auto choose = [&](auto member, auto unknown) {
    if (!(chosen_from[0].*member) || !(chosen_from[1].*member)) return;
    auto& chosen = (out[0].*member).emplace();
    for (std::size_t i = 0; i < of_condition.size(); ++i) {
      const std::int64_t test = (*condition.elements)[of_condition[i]];
      chosen.push_back(test == kUnknown ? unknown : (*(chosen_from[test != 0 ? 0 : 1].*member))[i]);
    }
  };
  choose(&Known::elements, kUnknown);
  choose(&Known::reals, kNotKnown);
}

void cast(const NodeView& view, Out out) {
  // Version 1 named the type: "FLOAT".
  if (view.opset < 6) return give_like(out, 0, out.empty() ? DType::other : out[0].dtype, need(view, 0));
  cast_as(view, out, dtype_of(view.node.integer("to", 0)));
}

void cast_like(const NodeView& view, Out out) { cast_as(view, out, need(view, 1).dtype); }

void bit_cast(const NodeView& view, Out out) { give_like(out, 0, dtype_of(view.node.integer("to", 0)), need(view, 0)); }

void dropout(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  identity(view, out);
  give_like(out, 1, view.opset < 10 ? x.dtype : DType::boolean, x);
}

// (data, residual or bias...) -> (like data, mask)
void second_type(const NodeView& view, Out out) { give_like(out, 0, need(view, 1).dtype, need(view, 0)); }

}  // namespace thoplw::onnx::infer

// Reads a node's inputs and attributes for inference, and writes its results.
#include "load/onnx/known.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/overflow.h"

namespace thoplw::onnx {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void too_large() { throw Error("its sizes exceed 2^63"); }

}  // namespace

bool Known::whole() const {
  return has_rank && std::ranges::none_of(shape, [](std::int64_t size) { return size < 0; });
}

Known known(const TensorData& tensor) {
  Known known{.dtype = tensor.dtype, .has_rank = true, .shape = tensor.dims, .elements = {}, .reals = {}, .items = {}};
  if (is_small(known)) {
    known.elements = tensor.integers(kMostElements);
    known.reals = tensor.reals(kMostElements);
  }
  return known;
}

const Known& need(const NodeView& view, std::size_t i) {
  if (const Known* known = view.input(i)) return *known;
  throw Error("input " + std::to_string(i + 1) + " is missing");
}

bool is_small(const Known& out) {
  if (!out.whole()) return false;
  std::int64_t count = 1;
  for (std::int64_t size : out.shape) {
    if (multiply_overflows(count, size, count)) return false;
  }
  return count <= static_cast<std::int64_t>(kMostElements);
}

bool followed(const Known& x) {
  if (!is_small(x)) return false;
  const auto count = static_cast<std::size_t>(elements_in(x.shape));
  return (x.elements && x.elements->size() == count) || (x.reals && x.reals->size() == count);
}

const Ints* elements_of(const Known* known) {
  return known && followed(*known) && known->elements ? &*known->elements : nullptr;
}

std::optional<std::int64_t> element_of(const Known* known) {
  const Ints* elements = elements_of(known);
  if (!elements || elements->size() != 1 || elements->front() == kUnknown) return std::nullopt;
  return elements->front();
}

std::optional<double> number_of(const Known* known) {
  if (const auto integer = element_of(known)) return static_cast<double>(*integer);
  if (!known || !followed(*known) || !known->reals || known->reals->size() != 1) return std::nullopt;
  if (std::isnan(known->reals->front())) return std::nullopt;
  return known->reals->front();
}

std::optional<std::int64_t> whole_number_of(const Known* known) {
  constexpr double kExact = 9007199254740992;  // 2^53
  const auto number = number_of(known);
  if (!number || std::abs(*number) > kExact) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

List list_of(const NodeView& view, std::string_view attribute, std::size_t input) {
  if (view.node.attribute(attribute)) {
    const Ints& values = view.node.integers(attribute);
    return {true, values, static_cast<std::int64_t>(values.size())};
  }
  const Known* known = view.input(input);
  if (!known) return {};
  List list{true, {}, kNoSize};
  if (const Ints* elements = elements_of(known)) {
    list.values = *elements;
    list.length = static_cast<std::int64_t>(elements->size());
  } else if (known->has_rank && known->shape.size() < 2) {
    list.length = known->shape.empty() ? 1 : known->shape.front();
  }
  return list;
}

std::size_t wrap_axis(std::int64_t axis, std::size_t rank) {
  const auto dims = static_cast<std::int64_t>(rank);
  if (axis < -dims || axis >= dims) {
    throw Error("axis " + std::to_string(axis) + " is out of range for " + std::to_string(rank) + " dimensions");
  }
  return static_cast<std::size_t>(axis < 0 ? axis + dims : axis);
}

void give_type(Out out, std::size_t i, DType dtype) {
  if (i < out.size() && dtype != DType::other) out[i].dtype = dtype;
}

void give(Out out, std::size_t i, DType dtype, Dims shape) {
  if (shape.size() > kMostDims) {
    throw Error("a result of " + std::to_string(shape.size()) + " dimensions; at most 64 are understood");
  }
  for (std::int64_t size : shape) {
    if (size < kNoSize) throw Error("size " + std::to_string(size) + " is negative");
  }
  give_type(out, i, dtype);
  if (i >= out.size()) return;
  if (out[i].has_rank && out[i].shape.size() == shape.size()) {
    for (std::size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] < 0) shape[d] = out[i].shape[d];
    }
  }
  out[i].has_rank = true;
  out[i].shape = std::move(shape);
}

void give_like(Out out, std::size_t i, DType dtype, const Known& shaped) {
  if (shaped.has_rank) return give(out, i, dtype, shaped.shape);
  give_type(out, i, dtype);
}

void give_rank(Out out, std::size_t i, DType dtype, std::int64_t rank) {
  if (rank < 0) return give_type(out, i, dtype);
  if (rank > static_cast<std::int64_t>(kMostDims)) {
    throw Error("a result of " + std::to_string(rank) + " dimensions; at most 64 are understood");
  }
  give(out, i, dtype, Dims(static_cast<std::size_t>(rank), kNoSize));
}

std::int64_t plus(std::int64_t a, std::int64_t b) {
  if (a < 0 || b < 0) return kNoSize;
  if (add_overflows(a, b, a)) too_large();
  return a;
}

std::int64_t times(std::int64_t a, std::int64_t b) {
  if (a == 0 || b == 0) return 0;
  if (a < 0 || b < 0) return kNoSize;
  if (multiply_overflows(a, b, a)) too_large();
  return a;
}

std::int64_t elements_in(std::span<const std::int64_t> shape) {
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  std::int64_t count = 1;
  for (std::int64_t size : shape) count = times(count, size);
  return count;
}

std::int64_t same_size(std::int64_t a, std::int64_t b) {
  if (a >= 0 && b >= 0 && a != b) throw Error("sizes differ: " + std::to_string(a) + " and " + std::to_string(b));
  return a < 0 ? b : a;
}

void broadcast(Dims& sizes, std::span<const std::int64_t> other) {
  if (other.size() > sizes.size()) sizes.insert(sizes.begin(), other.size() - sizes.size(), 1);
  const std::size_t shift = sizes.size() - other.size();
  for (std::size_t i = 0; i < other.size(); ++i) {
    std::int64_t& size = sizes[shift + i];
    if (size == other[i] || other[i] == 1) continue;
    if (size == 1 || (size < 0 && other[i] >= 0)) {
      size = other[i];
    } else if (other[i] >= 0) {
      throw Error("sizes " + std::to_string(size) + " and " + std::to_string(other[i]) + " do not broadcast");
    }
  }
}

Places places(std::span<const std::int64_t> sizes, std::int64_t start, std::span<const std::int64_t> steps) {
  Places result;
  result.reserve(static_cast<std::size_t>(elements_in(sizes)));
  Dims at(sizes.size(), 0);
  for (std::int64_t left = elements_in(sizes), place = start; left > 0; --left) {
    result.push_back(static_cast<std::size_t>(place));
    for (std::size_t d = sizes.size(); d-- > 0;) {
      place += steps[d];
      if (++at[d] < sizes[d]) break;
      place -= steps[d] * sizes[d];
      at[d] = 0;
    }
  }
  return result;
}

Dims row_major(std::span<const std::int64_t> sizes) {
  Dims steps(sizes.size(), 1);
  for (std::size_t d = sizes.size(); d-- > 1;) {
    // Only the steps of an empty tensor, which nothing reads, can wrap.
    steps[d - 1] =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(steps[d]) * static_cast<std::uint64_t>(sizes[d]));
  }
  return steps;
}

namespace {

template <class T>
std::vector<T> moved(const std::vector<T>& from, const Places& places, T unknown) {
  std::vector<T> result;
  result.reserve(places.size());
  for (std::size_t place : places) result.push_back(place < from.size() ? from[place] : unknown);
  return result;
}

}  // namespace

void move_elements(const Known& x, const Places& places, Known& out) {
  if (x.elements) out.elements = moved(*x.elements, places, kUnknown);
  if (x.reals) out.reals = moved(*x.reals, places, kNotKnown);
}

void keep_elements(const Known& x, Out out, std::size_t i) {
  if (i >= out.size() || !followed(x)) return;
  out[i].elements = x.elements;
  out[i].reals = x.reals;
}

}  // namespace thoplw::onnx

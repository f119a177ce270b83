// Results of operators that make tensors: constants, ranges, random numbers, windows; and of those that ask for sizes.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/overflow.h"
#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

/// The type that an attribute names, or `otherwise`.
DType type_attribute(const NodeView& view, std::string_view name, DType otherwise) {
  const std::int64_t type = view.node.integer(name, 0);
  return type == 0 ? otherwise : dtype_of(type);
}

/// Sizes that the elements of a tensor say; -1 where one is not known. Nothing where not even their number is.
std::optional<Dims> sizes_from(const List& list) {
  if (list.values) {
    Dims sizes;
    for (std::int64_t element : *list.values) {
      if (element != kUnknown && element < 0) throw Error("size " + std::to_string(element) + " is negative");
      sizes.push_back(size_of(element));
    }
    return sizes;
  }
  if (list.length < 0 || list.length > static_cast<std::int64_t>(kMostDims)) return std::nullopt;
  return Dims(static_cast<std::size_t>(list.length), kNoSize);
}

void give_vector(Out out, DType dtype, std::int64_t size) { give(out, 0, dtype, {size}); }

void give_ints(Out out, Dims shape, Ints elements) {
  give(out, 0, DType::i64, std::move(shape));
  if (!out.empty() && elements.size() <= kMostElements) out[0].elements = std::move(elements);
}

void give_floats(Out out, Dims shape, std::vector<double> reals) {
  give(out, 0, DType::f32, std::move(shape));
  if (!out.empty() && reals.size() <= kMostElements) out[0].reals = std::move(reals);
}

std::int64_t length(const auto& items) { return static_cast<std::int64_t>(items.size()); }

}  // namespace

void constant(const NodeView& view, Out out) {
  using Kind = Attribute::Kind;
  for (const Attribute& attribute : view.node.attributes) {
    if ((attribute.name == "value" || attribute.name == "sparse_value") && attribute.kind == Kind::tensor) {
      if (!out.empty()) out[0] = known(*attribute.tensor);
    } else if (attribute.name == "value_int") {
      give_ints(out, {}, {attribute.integer});
    } else if (attribute.name == "value_ints") {
      give_ints(out, {length(attribute.integers)}, attribute.integers);
    } else if (attribute.name == "value_float") {
      give_floats(out, {}, {attribute.real});
    } else if (attribute.name == "value_floats") {
      give_floats(out, {length(attribute.reals)}, attribute.reals);
    } else if (attribute.name == "value_string") {
      give(out, 0, DType::other, {});
    } else if (attribute.name == "value_strings") {
      give_vector(out, DType::other, length(attribute.texts));
    }
  }
}

void constant_of_shape(const NodeView& view, Out out) {
  const TensorData* value = view.node.tensor("value");
  const DType dtype = value ? value->dtype : DType::f32;
  const std::optional<Dims> sizes = sizes_from(list_of(view, "", 0));
  if (!sizes) return give_type(out, 0, dtype);
  give(out, 0, dtype, *sizes);
  if (out.empty() || !is_small(out[0])) return;
  const auto count = static_cast<std::size_t>(elements_in(out[0].shape));
  if (!value) {
    out[0].reals.emplace(count, 0.0);
  } else if (const auto ints = value->integers(1); ints && ints->size() == 1) {
    out[0].elements.emplace(count, ints->front());
  } else if (const auto reals = value->reals(1); reals && reals->size() == 1) {
    out[0].reals.emplace(count, reals->front());
  }
}

void shape(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_vector(out, DType::i64, kNoSize);
  const auto rank = static_cast<std::int64_t>(x.shape.size());
  const auto clamped = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const std::int64_t start = clamped(view.node.integer("start", 0));
  const std::int64_t end = std::max(start, clamped(view.node.integer("end", rank)));
  Ints elements(x.shape.begin() + start, x.shape.begin() + end);
  for (std::int64_t& element : elements) element = element < 0 ? kUnknown : element;
  give_ints(out, {end - start}, std::move(elements));
}

void size(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const std::int64_t count = x.has_rank ? elements_in(x.shape) : kNoSize;
  give_ints(out, {}, {count < 0 ? kUnknown : count});
}

void range(const NodeView& view, Out out) {
  const Known& start = need(view, 0);
  const auto first = element_of(&start), limit = element_of(view.input(1)), step = element_of(view.input(2));
  std::int64_t count = kNoSize;
  if (first && limit && step) {
    const double exact =
        std::ceil((static_cast<double>(*limit) - static_cast<double>(*first)) / static_cast<double>(*step));
    if (*step == 0 || exact > 9e15) throw Error("a range of that start, limit and step has no end");
    count = static_cast<std::int64_t>(std::max(exact, 0.0));
  } else {
    const auto from = number_of(&start), to = number_of(view.input(1)), by = number_of(view.input(2));
    if (from && to && by && *by != 0) {
      const double exact = std::max(std::ceil((*to - *from) / *by), 0.0);
      if (exact < 9e15) count = static_cast<std::int64_t>(exact);
    }
  }
  give_vector(out, start.dtype, count);
  if (out.empty() || !first || !step || count > static_cast<std::int64_t>(kMostElements) || count < 0) return;
  Ints elements;
  for (std::int64_t i = 0, value = *first; i < count; ++i) {
    elements.push_back(value);
    if (add_overflows(value, *step, value)) return;
  }
  out[0].elements = std::move(elements);
}

// As its input, and of that type unless `dtype` says another.
void typed_like(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  give_like(out, 0, type_attribute(view, "dtype", x.dtype), x);
}

void random(const NodeView& view, Out out) {
  give(out, 0, type_attribute(view, "dtype", DType::f32), view.node.integers("shape"));
}

void multinomial(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const std::int64_t rows = x.has_rank && !x.shape.empty() ? x.shape[0] : kNoSize;
  give(out, 0, type_attribute(view, "dtype", DType::i32), {rows, view.node.integer("sample_size", 1)});
}

void window(const NodeView& view, Out out) {
  const auto count = element_of(&need(view, 0));
  give_vector(out, type_attribute(view, "output_datatype", DType::f32), count && *count >= 0 ? *count : kNoSize);
}

// (bins of the result, length of the transform, ...)
void mel_weights(const NodeView& view, Out out) {
  const auto bins = element_of(&need(view, 0)), transform = element_of(&need(view, 1));
  give(out, 0, type_attribute(view, "output_datatype", DType::f32),
       {transform && *transform >= 0 ? *transform / 2 + 1 : kNoSize, bins && *bins >= 0 ? *bins : kNoSize});
}

// (indices, depth, [off value, on value])
void one_hot(const NodeView& view, Out out) {
  const Known& indices = need(view, 0);
  if (!indices.has_rank) return give_type(out, 0, need(view, 2).dtype);
  const auto depth = whole_number_of(&need(view, 1));
  Dims sizes = indices.shape;
  const std::size_t axis = wrap_axis(view.node.integer("axis", -1), sizes.size() + 1);
  sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(axis), depth && *depth >= 0 ? *depth : kNoSize);
  give(out, 0, need(view, 2).dtype, std::move(sizes));
}

// (theta[N, d, d + 1], sizes (N, C, ...)) -> [N, ..., d]
void affine_grid(const NodeView& view, Out out) {
  const std::optional<Dims> sizes = sizes_from(list_of(view, "", 1));
  if (!sizes || sizes->size() < 3) return give_type(out, 0, need(view, 0).dtype);
  Dims grid = *sizes;
  grid.erase(grid.begin() + 1);
  grid.push_back(static_cast<std::int64_t>(grid.size()) - 1);
  give(out, 0, need(view, 0).dtype, std::move(grid));
}

}  // namespace thoplw::onnx::infer

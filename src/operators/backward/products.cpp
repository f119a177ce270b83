// Lowerings of matrix products and convolutions: which operands are reshaped, and where that copies them.
#include <algorithm>

#include "operators/backward/lowerings.h"

namespace thoplw::lower {
namespace {

Operand transposed(Operand x) {
  const std::size_t rank = x.layout.sizes.size();
  if (rank < 2) return x;
  std::swap(x.layout.sizes[rank - 1], x.layout.sizes[rank - 2]);
  std::swap(x.layout.strides[rank - 1], x.layout.strides[rank - 2]);
  return x;
}

Operand permuted(const Operand& x, const Dims& order) {
  Operand result = x;
  for (std::size_t i = 0; i < order.size(); ++i) {
    result.layout.sizes.at(i) = x.layout.sizes.at(static_cast<std::size_t>(order[i]));
    result.layout.strides.at(i) = x.layout.strides.at(static_cast<std::size_t>(order[i]));
  }
  return result;
}

Operand expanded(Operand x, const Dims& sizes) {
  x.layout.strides = shape::expanded_strides(x.layout, sizes);
  x.layout.sizes = sizes;
  return x;
}

std::int64_t product_of(const Dims& sizes, std::size_t begin, std::size_t end) {
  std::int64_t product = 1;
  for (std::size_t i = begin; i < end; ++i) product *= sizes[i];
  return product;
}

/// Does torch flatten the larger operand to a matrix? Always where the small one needs a gradient, which would
/// otherwise have the size of the expanded one; else where that takes no copy. Where autograd records nothing, the
/// small one is taken for a weight, which needs one all the same.
bool folds(const Keeping& k, const Operand& large, const Operand& small, bool swapped) {
  const Dims& sizes = large.layout.sizes;
  if (sizes.size() < 3 || small.layout.dim() > 2) return false;
  if (small.needs || !k.op.need_any()) return true;
  if (small.layout.dim() == 2 && swapped) return false;
  return product_of(sizes, 0, sizes.size()) == 0 ||
         shape::view_strides(large.layout, {product_of(sizes, 0, sizes.size() - 1), sizes.back()});
}

/// One of the operands of a batched product: [..., n, m] expanded to the batch of both, as three dimensions.
void batched(Keeping& k, const Operand& x, Dims batch, bool kept) {
  const Dims& sizes = x.layout.sizes;
  const std::int64_t count = product_of(batch, 0, batch.size());
  batch.insert(batch.end(), sizes.end() - 2, sizes.end());
  k.reshaped(expanded(x, batch), {count, sizes[sizes.size() - 2], sizes.back()}, kept);
}

/// A vector as a matrix of one row or column.
Operand as_matrix(Operand x, bool row) {
  if (x.layout.dim() != 1) return x;
  const std::int64_t size = x.layout.sizes[0], stride = x.layout.strides[0];
  x.layout.sizes = row ? Dims{1, size} : Dims{size, 1};
  x.layout.strides = row ? Dims{size, stride} : Dims{stride, 1};
  return x;
}

/// A batch of one matrix times a batch of several is taken for a matrix, where it needs a gradient.
Operand without_batch_of_one(const Operand& x, const Operand& other) {
  const bool alone = x.layout.dim() == 3 && other.layout.dim() == 3 && x.needs && x.layout.sizes[0] == 1;
  if (!alone || other.layout.sizes[0] == 1) return x;
  Operand matrix = x;
  matrix.layout.sizes.erase(matrix.layout.sizes.begin());
  matrix.layout.strides.erase(matrix.layout.strides.begin());
  return matrix;
}

}  // namespace

void product(Keeping& k, const Operand& left_of, const Operand& right_of) {
  const Operand a = without_batch_of_one(left_of, right_of), b = without_batch_of_one(right_of, left_of);
  const std::int64_t dims_a = a.layout.dim(), dims_b = b.layout.dim();
  if (dims_a <= 2 && dims_b <= 2) {
    k.operand(a, b.needs);
    k.operand(b, a.needs);
    return;
  }
  const bool swapped = dims_b > dims_a;
  const Operand large = swapped ? transposed(b) : a;
  const Operand& small = swapped ? a : b;
  if (folds(k, large, small, swapped)) {
    const Dims& sizes = large.layout.sizes;
    k.reshaped(large, {product_of(sizes, 0, sizes.size() - 1), sizes.back()}, small.needs);
    k.operand(small, large.needs);
    return;
  }
  const Operand left = as_matrix(a, true), right = as_matrix(b, false);
  require_rank(left, 2);
  require_rank(right, 2);
  Dims batch(left.layout.sizes.begin(), left.layout.sizes.end() - 2);
  if (!shape::broadcast_to(batch, std::span(right.layout.sizes).first(right.layout.sizes.size() - 2))) {
    throw Error("its tensors do not broadcast");
  }
  batched(k, left, batch, right.needs);
  batched(k, right, batch, left.needs);
}

void matmul(Keeping& k) { product(k, k.operand_of(0), k.operand_of(1)); }

// (input, weight, bias)
void linear(Keeping& k) { product(k, k.operand_of(0), transposed(k.operand_of(1))); }

// Sums over the last dimension of both; a number of no dimensions is multiplied.
void inner(Keeping& k) {
  const Operand a = k.operand_of(0), b = k.operand_of(1);
  if (a.layout.dim() > 0 && b.layout.dim() > 0) {
    k.reshaped(a, {product_of(a.layout.sizes, 0, a.layout.sizes.size() - 1), a.layout.sizes.back()}, b.needs);
    const Operand last_first = [&] {
      Dims order{b.layout.dim() - 1};
      for (std::int64_t i = 0; i + 1 < b.layout.dim(); ++i) order.push_back(i);
      return permuted(b, order);
    }();
    k.reshaped(last_first, {b.layout.sizes.back(), product_of(b.layout.sizes, 0, b.layout.sizes.size() - 1)}, a.needs);
    return;
  }
  k.operand(a, b.needs);
  k.operand(b, a.needs);
}

void tensordot(Keeping& k) {
  const Operand a = k.operand_of(0), b = k.operand_of(1);
  const auto summed = [&](const Operand& x, std::string_view name) {
    Dims dims = numbers(k.op, name);
    for (std::int64_t& dim : dims) dim += dim < 0 ? x.layout.dim() : 0;
    return dims;
  };
  const Dims dims_a = summed(a, "dims_self"), dims_b = summed(b, "dims_other");
  if (dims_a.size() != dims_b.size()) return k.incomplete();
  const auto rest = [](const Operand& x, const Dims& dims) {
    Dims free;
    for (std::int64_t i = 0; i < x.layout.dim(); ++i) {
      if (std::ranges::find(dims, i) == dims.end()) free.push_back(i);
    }
    return free;
  };
  Dims order_a = rest(a, dims_a), order_b = dims_b;
  const std::size_t free_a = order_a.size();
  order_a.insert(order_a.end(), dims_a.begin(), dims_a.end());
  const Dims free_b = rest(b, dims_b);
  order_b.insert(order_b.end(), free_b.begin(), free_b.end());
  if (product_of(permuted(a, order_a).layout.sizes, 0, free_a) == 1 &&
      product_of(permuted(b, order_b).layout.sizes, dims_b.size(), order_b.size()) == 1) {
    k.operand(a, b.needs);  // multiplied element by element, and summed
    k.operand(b, a.needs);
    return;
  }
  const auto matrix = [&](const Operand& x, const Dims& order, std::size_t rows, bool kept) {
    const Operand turned = permuted(x, order);
    const Dims& sizes = turned.layout.sizes;
    k.reshaped(turned, {product_of(sizes, 0, rows), product_of(sizes, rows, sizes.size())}, kept);
  };
  matrix(a, order_a, free_a, b.needs);
  matrix(b, order_b, dims_b.size(), a.needs);
}

// (input1, input2, weight, bias): a product of three, of which each is kept for the other two.
void bilinear(Keeping& k) {
  const Operand x = k.operand_of(0), y = k.operand_of(1), weight = k.operand_of(2);
  const auto rows = [&](const Operand& of, bool kept) {
    require_rank(of, 1);
    const Dims& sizes = of.layout.sizes;
    k.reshaped(of, {product_of(sizes, 0, sizes.size() - 1), sizes.back()}, kept);
  };
  rows(x, y.needs || weight.needs);
  rows(y, x.needs || weight.needs);
  k.operand(weight, x.needs || y.needs);
}

// (input, weight, bias): input and weight are kept even where one of them needs no gradient. With padding "same", an
// odd number of places is first filled up by a copy of the input.
void convolution(Keeping& k) {
  Tensor padded = k.op.in(0);
  if (word(k.op, "padding") == "same") {
    const Dims dilation = numbers(k.op, "dilation");
    const Dims& kernel = k.op.in(1).shape;
    require_rank(k.operand_of(0), kernel.size() - 1);
    const std::size_t spatial = kernel.size() - 2, first = padded.shape.size() - spatial;
    for (std::size_t i = 0; i < spatial; ++i) {
      const std::int64_t step = dilation.empty() ? 1 : dilation[std::min(i, dilation.size() - 1)];
      padded.shape[first + i] += (step * (kernel[i + 2] - 1)) % 2;
    }
  }
  if (padded.shape == k.op.in(0).shape) {
    k.input(0);
  } else {
    k.fresh(bytes_of(padded));
  }
  k.input(1);
}

}  // namespace thoplw::lower

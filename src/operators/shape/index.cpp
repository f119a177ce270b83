// Elements picked by integer tensors.
#include <algorithm>
#include <array>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

bool is_index(const Strided* index) { return index && (index->dtype == DType::i64 || index->dtype == DType::i32); }

/// The indexed dimensions must be side by side: then the picked dimensions take their place.
struct Indexed {
  std::size_t first = 0, count = 0;
  Dims sizes;  ///< what the indices broadcast to
};

bool read(std::span<const Strided* const> indices, Indexed& indexed) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (!indices[i]) continue;
    if (!is_index(indices[i]) || !broadcast_to(indexed.sizes, indices[i]->sizes)) return false;
    if (indexed.count == 0) indexed.first = i;
    if (indexed.first + indexed.count != i) return false;
    ++indexed.count;
  }
  return indexed.count > 0;
}

}  // namespace

// (input, indices): the strides of the other dimensions decide whether the picked ones are outermost or innermost.
bool index(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || args.size() != 2 || args[1].kind != Arg::Kind::tensors || args[1].tensors.size() > x->sizes.size())
    return false;
  Indexed indexed;
  if (!read(args[1].tensors, indexed) || elements(x->sizes) == 0) return false;
  if (indexed.sizes.empty()) return false;  // torch then mixes up the strides
  Strided picked{x->dtype, indexed.sizes, Dims(indexed.sizes.size(), 0)};
  const auto first = static_cast<std::ptrdiff_t>(indexed.first);
  const auto end = static_cast<std::ptrdiff_t>(indexed.first + indexed.count);
  for (const auto& [from, into] : {std::pair(&x->sizes, &picked.sizes), std::pair(&x->strides, &picked.strides)}) {
    into->insert(into->begin(), from->begin(), from->begin() + first);
    into->insert(into->end(), from->begin() + end, from->end());
  }
  const std::array<const Strided*, 1> operands = {&picked};
  Dims strides = elementwise_strides(picked.sizes, operands);
  return fresh(results, x->dtype, std::move(picked.sizes), std::move(strides));
}

// (input, dimension, index)
bool index_select(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const Strided* picked = tensor_at(args, 2);
  if (!x || !is_index(picked) || picked->dim() > 1) return false;
  const std::optional<std::size_t> d = dim_at(args, 1, *x);
  if (!d) return false;
  Dims sizes = x->sizes;
  sizes[*d] = elements(picked->sizes);
  return fresh(results, x->dtype, std::move(sizes));
}

// (input, dimension, index, ...)
bool gather(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const Strided* picked = tensor_at(args, 2);
  if (!x || !is_integer(args, 1) || !is_index(picked) || picked->dim() != x->dim()) return false;
  std::int64_t d = args[1].integer;
  if (!wrap_dim(d, x->dim())) return false;
  for (std::int64_t i = 0; i < x->dim(); ++i) {
    if (i != d && picked->sizes[i] > x->sizes[i]) return false;
  }
  return fresh(results, x->dtype, picked->sizes);
}

// (classes of things, how many there are)
bool one_hot(Args args, Results& results) {
  const Strided* picked = tensor_at(args, 0);
  if (!picked || picked->dtype != DType::i64 || !is_integer(args, 1) || args[1].integer < 1) return false;
  Dims sizes = picked->sizes;
  sizes.push_back(args[1].integer);
  return fresh(results, DType::i64, std::move(sizes));
}

// (weight, indices, ...)
bool embedding(Args args, Results& results) {
  const Strided* weight = tensor_at(args, 0);
  const Strided* picked = tensor_at(args, 1);
  if (!weight || weight->dim() != 2 || !is_index(picked)) return false;
  Dims sizes = picked->sizes;
  sizes.push_back(weight->sizes[1]);
  return fresh(results, weight->dtype, std::move(sizes));
}

}  // namespace thoplw::shape

// How rules read arguments and write results, in a word each.
#pragma once

#include <bitset>
#include <optional>
#include <utility>

#include "operators/shape/shape.h"
#include "operators/shape/strides.h"

namespace thoplw::shape {

using Results = std::vector<Result>;

constexpr std::size_t kMaxDims = 64;  ///< torch's own limit
using DimSet = std::bitset<kMaxDims>;

inline const Strided* tensor_at(Args args, std::size_t i) {
  return i < args.size() && args[i].kind == Arg::Kind::tensor ? args[i].tensor : nullptr;
}

inline bool absent(Args args, std::size_t i) { return i >= args.size() || !args[i].given(); }

inline bool is_integer(Args args, std::size_t i) { return i < args.size() && args[i].kind == Arg::Kind::integer; }

inline bool is_number(Args args, std::size_t i) {
  return i < args.size() &&
         (args[i].kind == Arg::Kind::integer || args[i].kind == Arg::Kind::real || args[i].kind == Arg::Kind::boolean);
}

inline bool is_ints(Args args, std::size_t i) { return i < args.size() && args[i].kind == Arg::Kind::ints; }

inline bool is_boolean(Args args, std::size_t i) { return i < args.size() && args[i].kind == Arg::Kind::boolean; }

/// A boolean that is given and true.
inline bool is_true(Args args, std::size_t i) { return is_boolean(args, i) && args[i].integer != 0; }

/// The memory format at i, `otherwise` where None; nothing where it is something else.
std::optional<MemoryFormat> format_at(Args args, std::size_t i, MemoryFormat otherwise);

/// The element type at i, `otherwise` where None; nothing where it is something else.
std::optional<DType> dtype_at(Args args, std::size_t i, DType otherwise);

/// Wraps a negative dimension; false if out of range. A tensor without dimensions counts as having one.
inline bool wrap_dim(std::int64_t& d, std::int64_t ndim) {
  ndim = ndim == 0 ? 1 : ndim;
  if (d < -ndim || d >= ndim) return false;
  if (d < 0) d += ndim;
  return true;
}

/// The dimension named by the integer at i, wrapped; nothing if out of range or if x has no dimensions.
inline std::optional<std::size_t> dim_at(Args args, std::size_t i, const Strided& x) {
  if (!is_integer(args, i) || x.sizes.empty()) return std::nullopt;
  std::int64_t d = args[i].integer;
  if (!wrap_dim(d, x.dim())) return std::nullopt;
  return static_cast<std::size_t>(d);
}

/// One of the numbers that a convolution or pooling has per spatial dimension; one number may stand for all.
inline bool extent_at(Args args, std::size_t i, std::size_t d, std::size_t count, std::int64_t& extent) {
  if (is_integer(args, i)) {
    extent = args[i].integer;
    return true;
  }
  if (!is_ints(args, i) || (args[i].ints.size() != count && args[i].ints.size() != 1)) return false;
  extent = args[i].ints[args[i].ints.size() == 1 ? 0 : d];
  return true;
}

/// f32, f64, f16 or bf16: those on which every floating point operator works.
inline bool is_real_float(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::f16 || dtype == DType::bf16;
}

inline bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

// The ways to answer. Each appends one result and returns true, so that a rule can end in it.

inline bool fresh(Results& results, DType dtype, Dims sizes, Dims strides) {
  results.push_back({.tensor = {dtype, std::move(sizes), std::move(strides)}});
  return true;
}

inline bool fresh(Results& results, DType dtype, Dims sizes) {
  Dims strides = contiguous_strides(sizes);
  return fresh(results, dtype, std::move(sizes), std::move(strides));
}

/// The very tensor that came in at that flat index.
inline bool same(Results& results, int index = 0) {
  results.push_back({.tensor = {}, .alias_of = index, .same = true});
  return true;
}

inline bool viewed(Results& results, const Strided& of, Dims sizes, Dims strides, std::int64_t offset = 0,
                   int index = 0) {
  results.push_back({.tensor = {of.dtype, std::move(sizes), std::move(strides)}, .alias_of = index, .offset = offset});
  return true;
}

}  // namespace thoplw::shape

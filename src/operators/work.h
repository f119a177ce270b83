// Work: what an operator does, as counts by kind, before any convention says what it is worth.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/count.h"

namespace thoplw {

/// Contractions and attention are multiply-adds; every other kind counts elements (see docs/operators.md).
enum class Kind : std::uint8_t {
  contraction,  ///< multiply-adds with weights: convolutions, linear layers, recurrent gates
  attention,    ///< multiply-adds of two activations: queries by keys, scores by values, and products like them
  bias,         ///< output elements that a bias is added to
  norm,         ///< input elements of a normalisation
  activation,   ///< output elements of an activation function
  softmax,      ///< input elements of a softmax
  pool,         ///< output elements of a pooling
  resize,       ///< output elements of an interpolation
  elementwise,  ///< output elements of arithmetic, element by element
  reduction,    ///< input elements of a sum, mean, maximum, ...
  count_,       // how many kinds there are
};
constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::count_);
constexpr std::array<std::string_view, kKinds> kKindNames = {
    "contraction", "attention", "bias", "norm", "activation", "softmax", "pool", "resize", "elementwise", "reduction"};

struct Work {
  std::array<Count, kKinds> by_kind{};

  Count& operator[](Kind kind) { return by_kind[static_cast<std::size_t>(kind)]; }
  Count operator[](Kind kind) const { return by_kind[static_cast<std::size_t>(kind)]; }
  /// Multiply-adds of all products.
  Count products() const { return (*this)[Kind::contraction] + (*this)[Kind::attention]; }
  Count sum() const {
    Count sum = 0;
    for (Count count : by_kind) sum += count;
    return sum;
  }
  Work& operator+=(const Work& other) {
    for (std::size_t k = 0; k < kKinds; ++k) by_kind[k] += other.by_kind[k];
    return *this;
  }
  friend Work operator*(Work work, Count times) {
    for (Count& count : work.by_kind) count *= times;
    return work;
  }
  bool operator==(const Work&) const = default;
};

/// Work, or a cost, of one kind alone.
inline Work only(Kind kind, Count count) {
  Work work;
  work[kind] = count;
  return work;
}

}  // namespace thoplw

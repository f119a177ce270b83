// Prices: what one unit of work of each kind is worth. Kinds without a price cost nothing.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "operators/work.h"

namespace thoplw {

struct Price {
  Kind kind;
  std::uint8_t each;
};

/// {{Kind::contraction, 2}, {Kind::norm, 4}}
class Prices {
 public:
  constexpr Prices() = default;
  constexpr Prices(std::initializer_list<Price> prices) {
    for (const Price& price : prices) (*this)[price.kind] = price.each;
  }

  constexpr std::uint8_t& operator[](Kind kind) { return by_kind_[static_cast<std::size_t>(kind)]; }
  constexpr std::uint8_t operator[](Kind kind) const { return by_kind_[static_cast<std::size_t>(kind)]; }
  constexpr bool all_zero() const { return by_kind_ == std::array<std::uint8_t, kKinds>{}; }

  /// What that work costs, by the kind of work that it pays.
  Work of(Work work) const {
    for (std::size_t kind = 0; kind < kKinds; ++kind) work.by_kind[kind] *= by_kind_[kind];
    return work;
  }

 private:
  std::array<std::uint8_t, kKinds> by_kind_{};
};

}  // namespace thoplw

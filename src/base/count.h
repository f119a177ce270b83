// Counts are exact: arithmetic that would leave 64 bits throws instead of wrapping.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

#include "base/error.h"
#include "base/overflow.h"

namespace thoplw {

/// A non-negative integer of multiply-adds, elements or parameters.
class Count {
 public:
  constexpr Count() = default;
  template <std::integral T>
  constexpr Count(T value) : value_(static_cast<std::uint64_t>(value)) {  // NOLINT: implicit on purpose
    if constexpr (std::signed_integral<T>) {
      if (value < 0) throw Error("a count cannot be negative");
    }
  }

  constexpr std::uint64_t value() const { return value_; }

  constexpr Count& operator+=(Count other) {
    if (add_overflows(value_, other.value_, value_)) overflow();
    return *this;
  }
  constexpr Count& operator*=(Count other) {
    if (multiply_overflows(value_, other.value_, value_)) overflow();
    return *this;
  }
  /// Exact difference; throws where it would be negative.
  constexpr Count& operator-=(Count other) {
    if (subtract_overflows(value_, other.value_, value_)) throw Error("a count cannot be negative");
    return *this;
  }
  friend constexpr Count operator+(Count a, Count b) { return a += b; }
  friend constexpr Count operator*(Count a, Count b) { return a *= b; }
  friend constexpr Count operator-(Count a, Count b) { return a -= b; }
  constexpr auto operator<=>(const Count&) const = default;

 private:
  [[noreturn]] static void overflow() {
    throw Error("the count exceeds 2^64: check the shapes, or profile a part of the model");
  }
  std::uint64_t value_ = 0;
};

/// b - a. Throws Error beyond 2^63.
constexpr std::int64_t difference(Count a, Count b) {
  const Count size = a < b ? b - a : a - b;
  if (size.value() >> 63 != 0) throw Error("the difference exceeds 2^63");
  const auto amount = static_cast<std::int64_t>(size.value());
  return a < b ? amount : -amount;
}

}  // namespace thoplw

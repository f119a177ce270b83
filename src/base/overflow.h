// Arithmetic of 64 bits that says whether it left them.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

namespace thoplw {

template <typename T>
concept Integer64 = std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t>;

/// What the functions below do where a compiler has none of its own. What wraps is computed without signs, as it is
/// undefined with them.
namespace standard {

template <Integer64 T>
constexpr bool add_overflows(T a, T b, T& sum) {
  sum = static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  if constexpr (std::unsigned_integral<T>) return sum < a;
  return ((a ^ sum) & (b ^ sum)) < 0;  // both have the sign that the sum has not
}

template <Integer64 T>
constexpr bool subtract_overflows(T a, T b, T& difference) {
  difference = static_cast<T>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  if constexpr (std::unsigned_integral<T>) return a < b;
  return ((a ^ b) & (a ^ difference)) < 0;
}

template <Integer64 T>
constexpr bool multiply_overflows(T a, T b, T& product) {
  product = static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  if (a == 0) return false;
  if constexpr (std::signed_integral<T>) {
    if (a == -1) return b == std::numeric_limits<T>::min();
  }
  return product / a != b;  // what was lost is a multiple of 2^64, and more than a rest can be
}

}  // namespace standard

#if defined(__has_builtin) && !defined(THOPLW_STANDARD_ARITHMETIC)
#if __has_builtin(__builtin_add_overflow)
#define THOPLW_OVERFLOW_BUILTINS
#endif
#endif

/// The result, wrapped if it does not fit; true where that is so.
template <Integer64 T>
constexpr bool add_overflows(T a, T b, T& sum) {
#ifdef THOPLW_OVERFLOW_BUILTINS
  return __builtin_add_overflow(a, b, &sum);
#else
  return standard::add_overflows(a, b, sum);
#endif
}

template <Integer64 T>
constexpr bool subtract_overflows(T a, T b, T& difference) {
#ifdef THOPLW_OVERFLOW_BUILTINS
  return __builtin_sub_overflow(a, b, &difference);
#else
  return standard::subtract_overflows(a, b, difference);
#endif
}

template <Integer64 T>
constexpr bool multiply_overflows(T a, T b, T& product) {
#ifdef THOPLW_OVERFLOW_BUILTINS
  return __builtin_mul_overflow(a, b, &product);
#else
  return standard::multiply_overflows(a, b, product);
#endif
}

#undef THOPLW_OVERFLOW_BUILTINS

}  // namespace thoplw

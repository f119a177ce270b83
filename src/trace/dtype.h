// Element types of tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace thoplw {

/// Element types, named as in a trace: f32, bf16, i64, bool, ...
enum class DType : std::uint8_t {
  f32,
  f64,
  f16,
  bf16,
  boolean,
  u8,
  i8,
  i16,
  i32,
  i64,
  u16,
  u32,
  u64,
  c32,
  c64,
  c128,
  f8e4m3,
  f8e5m2,
  f8e4m3fnuz,
  f8e5m2fnuz,
  f8e8m0,
  f4,
  i4,
  u4,
  i2,
  u2,
  bits,
  qi8,
  qu8,
  qi32,
  other,
};

std::string_view name(DType dtype);
std::optional<DType> dtype_named(std::string_view name);
/// Bits of an element; 0 where that is not known, as of weights that are packed.
int bits(DType dtype);
bool is_packed(DType dtype);    ///< several elements may share a byte
bool is_floating(DType dtype);  ///< real or complex floating point
bool is_complex(DType dtype);
bool is_integral(DType dtype);  ///< integers and bool

}  // namespace thoplw

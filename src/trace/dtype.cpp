// Names and families of element types.
#include "trace/dtype.h"

#include <algorithm>
#include <array>

namespace thoplw {
namespace {

enum class Family : std::uint8_t { floating, complex, integral, neither };

struct DTypeRow {
  DType dtype;
  std::string_view name;
  Family family;
  int bits;
};

constexpr auto kDTypes = std::to_array<DTypeRow>({
    {DType::f32, "f32", Family::floating, 32},
    {DType::f64, "f64", Family::floating, 64},
    {DType::f16, "f16", Family::floating, 16},
    {DType::bf16, "bf16", Family::floating, 16},
    {DType::boolean, "bool", Family::integral, 8},
    {DType::u8, "u8", Family::integral, 8},
    {DType::i8, "i8", Family::integral, 8},
    {DType::i16, "i16", Family::integral, 16},
    {DType::i32, "i32", Family::integral, 32},
    {DType::i64, "i64", Family::integral, 64},
    {DType::u16, "u16", Family::integral, 16},
    {DType::u32, "u32", Family::integral, 32},
    {DType::u64, "u64", Family::integral, 64},
    {DType::c32, "c32", Family::complex, 32},
    {DType::c64, "c64", Family::complex, 64},
    {DType::c128, "c128", Family::complex, 128},
    {DType::f8e4m3, "f8e4m3", Family::floating, 8},
    {DType::f8e5m2, "f8e5m2", Family::floating, 8},
    {DType::f8e4m3fnuz, "f8e4m3fnuz", Family::floating, 8},
    {DType::f8e5m2fnuz, "f8e5m2fnuz", Family::floating, 8},
    {DType::f8e8m0, "f8e8m0", Family::floating, 8},
    {DType::f4, "f4", Family::floating, 4},
    {DType::i4, "i4", Family::neither, 4},
    {DType::u4, "u4", Family::neither, 4},
    {DType::i2, "i2", Family::neither, 2},
    {DType::u2, "u2", Family::neither, 2},
    {DType::bits, "bits", Family::neither, 0},
    {DType::qi8, "qi8", Family::neither, 8},
    {DType::qu8, "qu8", Family::neither, 8},
    {DType::qi32, "qi32", Family::neither, 32},
    {DType::other, "other", Family::neither, 0},
});

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < kDTypes.size(); ++i) {
    if (static_cast<std::size_t>(kDTypes[i].dtype) != i) return false;
  }
  return kDTypes.back().dtype == DType::other;
}
static_assert(in_enum_order(), "kDTypes has one row per DType, in order");

constexpr const DTypeRow& row(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::string_view name(DType dtype) { return row(dtype).name; }

std::optional<DType> dtype_named(std::string_view name) {
  const auto found = std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeRow& r) { return r.name == name; });
  if (found == kDTypes.end()) return std::nullopt;
  return found->dtype;
}

bool is_floating(DType dtype) { return row(dtype).family == Family::floating || row(dtype).family == Family::complex; }
bool is_complex(DType dtype) { return row(dtype).family == Family::complex; }
bool is_integral(DType dtype) { return row(dtype).family == Family::integral; }

bool is_packed(DType dtype) { return dtype == DType::bits || (bits(dtype) > 0 && bits(dtype) < 8); }

int bits(DType dtype) { return row(dtype).bits; }

}  // namespace thoplw

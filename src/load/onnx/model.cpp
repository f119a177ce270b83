// Reads single things out of the records of an ONNX file.
#include "load/onnx/model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace thoplw::onnx {
namespace {

/// The numbers of TensorProto.DataType, from 0 on.
constexpr std::array kTypes = {
    DType::other, DType::f32,   DType::u8,      DType::i8,     DType::u16,        DType::i16,    DType::i32,
    DType::i64,   DType::other, DType::boolean, DType::f16,    DType::f64,        DType::u32,    DType::u64,
    DType::c64,   DType::c128,  DType::bf16,    DType::f8e4m3, DType::f8e4m3fnuz, DType::f8e5m2, DType::f8e5m2fnuz,
    DType::u4,    DType::i4,    DType::f4,      DType::f8e8m0, DType::u2,         DType::i2,
};

/// f16: a sign, 5 bits of an exponent, 10 bits of a fraction.
struct Half {
  std::uint16_t bits;
  explicit operator double() const {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = std::ldexp(exponent == 0 ? fraction : fraction + 1024, std::max(exponent, 1) - 25);
    if (exponent == 31) size = fraction ? std::nan("") : std::numeric_limits<double>::infinity();
    return bits >> 15 ? -size : size;
  }
};

/// bf16: the upper half of a float.
struct BrainFloat {
  std::uint16_t bits;
  explicit operator double() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

/// The elements of a raw tensor, as they stand in memory.
template <class Stored, class Wide>
std::vector<Wide> read_raw(std::string_view raw, std::size_t count) {
  std::vector<Wide> elements(count);
  for (std::size_t i = 0; i < count; ++i) {
    Stored stored;
    std::memcpy(&stored, raw.data() + i * sizeof(Stored), sizeof(Stored));
    elements[i] = static_cast<Wide>(stored);
  }
  return elements;
}

/// How many elements, where they are `most` at most.
std::optional<std::size_t> small_count(const Dims& dims, std::size_t most) {
  std::size_t count = 1;
  for (std::int64_t size : dims) {
    if (size < 0 || (size > 0 && count > most / static_cast<std::size_t>(size))) return std::nullopt;
    count *= static_cast<std::size_t>(size);
  }
  return count <= most ? std::optional(count) : std::nullopt;
}

}  // namespace

DType dtype_of(std::int64_t data_type) {
  const bool known = data_type >= 0 && data_type < static_cast<std::int64_t>(kTypes.size());
  return known ? kTypes[static_cast<std::size_t>(data_type)] : DType::other;
}

std::optional<std::vector<std::int64_t>> TensorData::integers(std::size_t most) const {
  const auto count = small_count(dims, most);
  if (!count || external) return std::nullopt;
  if (raw.empty() && ints.size() == *count && is_integral(dtype)) return ints;
  const auto stored = [&]<class Stored>(Stored) -> std::optional<std::vector<std::int64_t>> {
    if (raw.size() != *count * sizeof(Stored)) return std::nullopt;
    return read_raw<Stored, std::int64_t>(raw, *count);
  };
  switch (dtype) {
    case DType::i64:
      return stored(std::int64_t{});
    case DType::i32:
      return stored(std::int32_t{});
    case DType::i16:
      return stored(std::int16_t{});
    case DType::i8:
      return stored(std::int8_t{});
    case DType::boolean:
    case DType::u8:
      return stored(std::uint8_t{});
    case DType::u16:
      return stored(std::uint16_t{});
    case DType::u32:
      return stored(std::uint32_t{});
    default:
      return std::nullopt;
  }
}

std::optional<std::vector<double>> TensorData::reals(std::size_t most) const {
  const auto count = small_count(dims, most);
  if (!count || external) return std::nullopt;
  if (raw.empty() && floats.size() == *count && (dtype == DType::f32 || dtype == DType::f64)) return floats;
  if (dtype == DType::f32 && raw.size() == *count * sizeof(float)) return read_raw<float, double>(raw, *count);
  if (dtype == DType::f64 && raw.size() == *count * sizeof(double)) return read_raw<double, double>(raw, *count);
  return std::nullopt;
}

std::vector<double> TensorData::first_reals(const Need& need) const {
  constexpr std::size_t kFirst = 4096;
  if (external) return {};
  if (raw.empty())
    return {floats.begin(), floats.begin() + static_cast<std::ptrdiff_t>(std::min(floats.size(), kFirst))};
  const auto stored = [&]<class Stored>(Stored) {
    const std::size_t count = std::min(raw.size() / sizeof(Stored), kFirst);
    need(raw.substr(0, count * sizeof(Stored)));
    return read_raw<Stored, double>(raw, count);
  };
  switch (dtype) {
    case DType::f32:
      return stored(float{});
    case DType::f64:
      return stored(double{});
    case DType::f16:
      return stored(Half{});
    case DType::bf16:
      return stored(BrainFloat{});
    default:
      return {};
  }
}

const Attribute* Node::attribute(std::string_view wanted) const {
  const auto found = std::ranges::find(attributes, wanted, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

std::int64_t Node::integer(std::string_view wanted, std::int64_t otherwise) const {
  const Attribute* found = attribute(wanted);
  return found && found->kind == Attribute::Kind::integer ? found->integer : otherwise;
}

const std::vector<std::int64_t>& Node::integers(std::string_view wanted) const {
  static const std::vector<std::int64_t> kNothing;
  const Attribute* found = attribute(wanted);
  return found && found->kind == Attribute::Kind::integers ? found->integers : kNothing;
}

std::string_view Node::text(std::string_view wanted, std::string_view otherwise) const {
  const Attribute* found = attribute(wanted);
  return found && found->kind == Attribute::Kind::text ? found->text : otherwise;
}

const TensorData* Node::tensor(std::string_view wanted) const {
  const Attribute* found = attribute(wanted);
  return found ? found->tensor.get() : nullptr;
}

std::string_view Node::note(std::string_view key) const {
  const auto found = std::ranges::find(metadata, key, [](const auto& entry) { return entry.first; });
  return found == metadata.end() ? std::string_view() : found->second;
}

}  // namespace thoplw::onnx

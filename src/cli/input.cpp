// Reads sizes and element types.
#include "cli/input.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/overflow.h"
#include "base/suggest.h"

namespace thoplw::cli {
namespace {

/// What torch calls an element type, beside its short name in a trace.
constexpr std::array<std::pair<std::string_view, DType>, 20> kTorchNames = {{
    {"bfloat16", DType::bf16}, {"complex128", DType::c128}, {"complex64", DType::c64}, {"double", DType::f64},
    {"float", DType::f32},     {"float16", DType::f16},     {"float32", DType::f32},   {"float64", DType::f64},
    {"half", DType::f16},      {"int", DType::i32},         {"int16", DType::i16},     {"int32", DType::i32},
    {"int64", DType::i64},     {"int8", DType::i8},         {"long", DType::i64},      {"short", DType::i16},
    {"uint16", DType::u16},    {"uint32", DType::u32},      {"uint64", DType::u64},    {"uint8", DType::u8},
}};
static_assert(std::ranges::is_sorted(kTorchNames, {}, &std::pair<std::string_view, DType>::first));

/// Element types that an input can have, as they are offered where another is asked for.
constexpr std::array<std::string_view, 9> kOffered = {"bf16", "bool", "f16", "f32", "f64", "i32", "i64", "i8", "u8"};

DType parse_dtype(std::string_view text) {
  const auto torch_name = std::ranges::find(kTorchNames, text, &std::pair<std::string_view, DType>::first);
  if (torch_name != kTorchNames.end()) return torch_name->second;
  if (const auto dtype = dtype_named(text); dtype && *dtype != DType::other) return *dtype;
  throw Error(did_you_mean("element type", text, kOffered));
}

std::int64_t parse_size(std::string_view text, std::string_view input) {
  std::int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error == std::errc::result_out_of_range) throw Error("input '" + std::string(input) + "' is too large");
  if (error != std::errc() || end != text.data() + text.size() || size < 1) {
    throw Error("input '" + std::string(input) +
                "' is not sizes of 1 and more parted by x, such as 1x3x224x224 or 1x128:i64");
  }
  return size;
}

}  // namespace

Tensor parse_input(std::string_view text) {
  Tensor tensor;
  const auto sizes = text.substr(0, text.find(':'));
  if (sizes.size() < text.size()) tensor.dtype = parse_dtype(text.substr(sizes.size() + 1));
  std::int64_t elements = 1;
  for (std::size_t at = 0, end = 0; end != std::string_view::npos; at = end + 1) {
    end = sizes.find_first_of("x,", at);
    tensor.shape.push_back(parse_size(sizes.substr(at, end - at), text));
    if (multiply_overflows(elements, tensor.shape.back(), elements)) {
      throw Error("input '" + std::string(text) + "' is too large");
    }
  }
  return tensor;
}

}  // namespace thoplw::cli

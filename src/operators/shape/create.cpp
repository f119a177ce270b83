// Factories of which the element type is known. Otherwise it depends on torch's default, or on the type of a number.
#include <cstdlib>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

bool created(Args args, std::size_t dtype_at, std::span<const std::int64_t> sizes, Results& results) {
  if (dtype_at + 1 >= args.size() || args[dtype_at].kind != Arg::Kind::dtype) return false;
  const Arg& layout = args[dtype_at + 1];
  if (layout.given() && layout.text != "torch.strided") return false;
  Dims dims(sizes.begin(), sizes.end());
  for (const std::int64_t size : dims) {
    if (size < 0) return false;
  }
  Dims strides = contiguous_strides(dims);
  return fresh(results, args[dtype_at].dtype, std::move(dims), std::move(strides));
}

}  // namespace

// (number, dtype, layout, device, pin memory)
bool scalar_tensor(Args args, Results& results) { return is_number(args, 0) && created(args, 1, {}, results); }

// (sizes, dtype, layout, device, pin memory)
bool zeros(Args args, Results& results) { return is_ints(args, 0) && created(args, 1, args[0].ints, results); }

// (sizes, dtype, layout, device, pin memory, memory format)
bool empty(Args args, Results& results) { return absent(args, 5) && zeros(args, results); }

// (sizes, number, dtype, layout, device, pin memory)
bool full(Args args, Results& results) {
  return is_ints(args, 0) && is_number(args, 1) && created(args, 2, args[0].ints, results);
}

// ([start], end, [step], dtype, layout, device, pin memory)
bool arange(Args args, Results& results) {
  if (args.size() < 5 || args.size() > 7) return false;
  const std::size_t numbers = args.size() - 4;
  for (std::size_t i = 0; i < numbers; ++i) {
    if (!is_integer(args, i)) return false;  // for other numbers the type is torch's default
  }
  const std::int64_t start = numbers > 1 ? args[0].integer : 0, end = args[numbers > 1 ? 1 : 0].integer;
  const std::int64_t step = numbers > 2 ? args[2].integer : 1;
  constexpr std::int64_t kExact = std::int64_t{1} << 53;  // torch may compute in f64
  if (step == 0 || std::abs(start) > kExact || std::abs(end) > kExact) return false;
  if (step > 0 ? start > end : start < end) return false;
  const std::optional<DType> dtype = dtype_at(args, numbers, DType::i64);
  if (!dtype || !absent(args, numbers + 1) || !(is_real_float(*dtype) || is_integral(*dtype)) ||
      *dtype == DType::boolean)
    return false;
  return fresh(results, *dtype, {(end - start + step - (step > 0 ? 1 : -1)) / step});
}

}  // namespace thoplw::shape

// Factories whose element type is given: without it, it depends on torch's default or on a number's kind.
#include "shape/args.h"
#include "shape/rules.h"

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

// (sizes, number, dtype, layout, device, pin memory)
bool full(Args args, Results& results) {
  return is_ints(args, 0) && is_number(args, 1) && created(args, 2, args[0].ints, results);
}

}  // namespace thoplw::shape

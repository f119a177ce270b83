// Operators that go element by element: broadcasting, type promotion, and strides in the order of the operands'.
#include <algorithm>
#include <array>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

/// The category decides how types are promoted; within the highest category, the width does.
enum class Category : std::int8_t { none, boolean, integer, real };

/// The operands of one operator: tensors, and Python numbers, of which only the category matters.
struct Operands {
  std::array<const Strided*, kMaxOperands> tensors{};
  std::size_t count = 0;
  Category numbers = Category::none;

  /// Takes the argument at i; false if it is neither tensor nor number.
  bool add(Args args, std::size_t i) {
    if (const Strided* x = tensor_at(args, i)) {
      tensors[count++] = x;
      return true;
    }
    if (!is_number(args, i)) return false;
    const Category category = args[i].kind == Arg::Kind::real      ? Category::real
                              : args[i].kind == Arg::Kind::integer ? Category::integer
                                                                   : Category::boolean;
    numbers = std::max(numbers, category);
    return true;
  }
};

/// `none` for types on which this file gives no answer.
Category category(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return Category::boolean;
    case DType::u8:
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
      return Category::integer;
    case DType::f16:
    case DType::bf16:
    case DType::f32:
    case DType::f64:
      return Category::real;
    default:
      return Category::none;
  }
}

/// Of one category; nothing where it depends on more than rank (u8 with i8, f16 with bf16).
std::optional<DType> wider(DType a, DType b) {
  if (a == b) return a;
  constexpr std::array kRank = {DType::u8,   DType::i8,  DType::i16, DType::i32, DType::i64,
                                DType::bf16, DType::f16, DType::f32, DType::f64};
  const auto rank = [&](DType dtype) { return std::find(kRank.begin(), kRank.end(), dtype) - kRank.begin(); };
  const bool unranked = (rank(a) < 2 && rank(b) < 2) || (is_half(a) && is_half(b));
  if (unranked) return std::nullopt;
  return rank(a) > rank(b) ? a : b;
}

/// torch.result_type; nothing where it would be the default dtype, which is not known here.
std::optional<DType> promoted(const Operands& operands) {
  Category highest = operands.numbers;
  for (std::size_t i = 0; i < operands.count; ++i) {
    const Category own = category(operands.tensors[i]->dtype);
    if (own == Category::none) return std::nullopt;
    highest = std::max(highest, own);
  }
  // Tensors with dimensions come before those without, and both before numbers.
  std::optional<DType> of_tensors, of_scalars;
  for (std::size_t i = 0; i < operands.count; ++i) {
    const Strided& x = *operands.tensors[i];
    if (category(x.dtype) != highest) continue;
    std::optional<DType>& slot = x.sizes.empty() ? of_scalars : of_tensors;
    const std::optional<DType> both = slot ? wider(*slot, x.dtype) : x.dtype;
    if (!both) return std::nullopt;
    slot = both;
  }
  return of_tensors ? of_tensors : of_scalars;
}

/// Meta kernels compute f16 and bf16 in f32. The cast makes operands dense that are not.
DType computed_in(DType dtype) { return is_half(dtype) ? DType::f32 : dtype; }

bool answer(const Operands& operands, DType compute, DType result, Results& results) {
  const std::span<const Strided* const> tensors(operands.tensors.data(), operands.count);
  Dims sizes = tensors[0]->sizes;
  for (const Strided* x : tensors.subspan(1)) {
    if (x->sizes != sizes && !broadcast_to(sizes, x->sizes)) return false;
  }
  std::array<Strided, kMaxOperands> cast;
  std::array<const Strided*, kMaxOperands> used = operands.tensors;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i]->dtype == compute || is_dense(*tensors[i])) continue;
    cast[i] = {compute, tensors[i]->sizes, preserved_strides(*tensors[i])};
    used[i] = &cast[i];
  }
  Dims strides = elementwise_strides(sizes, {used.data(), operands.count});
  return fresh(results, result, std::move(sizes), std::move(strides));
}

/// Operands at 0 and 1, promoted; nothing unless at least one is a tensor.
std::optional<DType> read_binary(Args args, Operands& operands) {
  if (!operands.add(args, 0) || !operands.add(args, 1) || operands.count == 0) return std::nullopt;
  return promoted(operands);
}

bool arithmetic(Args args, const Operands& operands, std::optional<DType> dtype, Results& results) {
  if (!dtype || *dtype == DType::boolean) return false;
  // Integers do not take a real alpha of add or sub.
  if (args.size() > 2 && args[2].kind == Arg::Kind::real && is_integral(*dtype)) return false;
  return answer(operands, computed_in(*dtype), *dtype, results);
}

}  // namespace

bool unary(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype)) return false;
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (tensor_at(args, i)) return false;  // clamp.Tensor and the like
  }
  if (is_canonical(*x)) return fresh(results, x->dtype, x->sizes, x->strides);
  if (has_ties(*x)) return false;
  const Operands operands{.tensors = {x}, .count = 1};
  return answer(operands, computed_in(x->dtype), x->dtype, results);
}

// (input, lower bound, upper bound), either bound a number, a tensor or absent
bool clamp(Args args, Results& results) {
  if (!tensor_at(args, 1) && !tensor_at(args, 2)) return unary(args, results);
  Operands operands;
  for (std::size_t i = 0; i < 3; ++i) {
    if (!absent(args, i) && !operands.add(args, i)) return false;
  }
  const std::optional<DType> dtype = promoted(operands);
  return dtype && tensor_at(args, 0) && is_real_float(*dtype) && answer(operands, *dtype, *dtype, results);
}

bool binary(Args args, Results& results) {
  Operands operands;
  const std::optional<DType> dtype = read_binary(args, operands);
  return arithmetic(args, operands, dtype, results);
}

// Torch takes several steps. Their result need not have the layout that one step would give.
bool floor_divide(Args args, Results& results) {
  const bool canonical =
      std::ranges::all_of(args, [](const Arg& arg) { return !arg.tensor || is_canonical(*arg.tensor); });
  return canonical && binary(args, results);
}

bool rsub(Args args, Results& results) {
  Operands operands;
  const std::optional<DType> dtype = read_binary(args, operands);
  if (operands.count == 2) std::swap(operands.tensors[0], operands.tensors[1]);
  return arithmetic(args, operands, dtype, results);
}

bool binary_real(Args args, Results& results) {
  Operands operands;
  const std::optional<DType> dtype = read_binary(args, operands);
  if (!dtype || !is_real_float(*dtype)) return false;
  return answer(operands, computed_in(*dtype), *dtype, results);
}

// With a rounding mode torch takes several steps.
bool divide(Args args, Results& results) {
  if (args.size() <= 2 || args[2].kind != Arg::Kind::text) return binary_real(args, results);
  const bool real = tensor_at(args, 0) && is_real_float(args[0].tensor->dtype);
  return real && floor_divide(args.first(2), results);
}

bool comparison(Args args, Results& results) {
  Operands operands;
  const std::optional<DType> dtype = read_binary(args, operands);
  return dtype && answer(operands, computed_in(*dtype), DType::boolean, results);
}

bool logical(Args args, Results& results) {
  const Strided* a = tensor_at(args, 0);
  const Strided* b = tensor_at(args, 1);
  return a && b && a->dtype == DType::boolean && b->dtype == DType::boolean && comparison(args, results);
}

bool ternary(Args args, Results& results) {
  Operands operands;
  if (!operands.add(args, 0) || !operands.add(args, 1) || !operands.add(args, 2)) return false;
  if (operands.count == 0) return false;
  const std::optional<DType> dtype = promoted(operands);
  return dtype && is_real_float(*dtype) && answer(operands, *dtype, *dtype, results);
}

bool where(Args args, Results& results) {
  const Strided* condition = tensor_at(args, 0);
  Operands branches;
  if (!condition || condition->dtype != DType::boolean || !branches.add(args, 1) || !branches.add(args, 2)) {
    return false;
  }
  const std::optional<DType> dtype = promoted(branches);
  if (!dtype) return false;
  Strided as_branch = *condition;  // takes part in the strides, not in the type
  as_branch.dtype = *dtype;
  Operands operands{.tensors = {&as_branch, branches.tensors[0], branches.tensors[1]}, .count = branches.count + 1};
  return answer(operands, *dtype, *dtype, results);
}

bool masked_fill(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const Strided* mask = tensor_at(args, 1);
  if (!x || !mask || mask->dtype != DType::boolean || !is_real_float(x->dtype)) return false;
  const Strided* filler = tensor_at(args, 2);
  if (!is_number(args, 2) && !(filler && filler->sizes.empty())) return false;
  Strided filled = *x;
  if (!broadcast_to(filled.sizes, mask->sizes)) return false;
  static const Strided value;
  const std::array<const Strided*, 3> operands = {mask, &value, x};
  filled.strides = elementwise_strides(filled.sizes, operands);
  if (!is_contiguous(filled)) filled.strides = contiguous_strides(filled.sizes);
  return fresh(results, x->dtype, std::move(filled.sizes), std::move(filled.strides));
}

// (input, p, train)
bool feature_dropout(Args args, Results& results) {
  return tensor_at(args, 0) && is_boolean(args, 2) && !is_true(args, 2) && same(results);
}

bool dropout(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_boolean(args, 2)) return false;
  const double p = args[1].real;
  if (p < 0 || p > 1) return false;
  if (!is_true(args, 2) || p == 0 || elements(x->sizes) == 0) return same(results);
  return is_dense(*x) && unary(args, results);
}

bool glu(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype)) return false;
  const std::optional<std::size_t> d = dim_at(args, 1, *x);
  if (!d || x->sizes[*d] % 2 != 0) return false;
  Strided half{computed_in(x->dtype), x->sizes, is_half(x->dtype) ? preserved_strides(*x) : x->strides};
  half.sizes[*d] /= 2;
  const Operands operands{.tensors = {&half}, .count = 1};
  return answer(operands, computed_in(x->dtype), x->dtype, results);
}

}  // namespace thoplw::shape

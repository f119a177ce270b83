// scaled_dot_product_attention by the kernel that torch chooses: each keeps other tensors.
#include <algorithm>

#include "operators/backward/lowerings.h"

namespace thoplw::lower {
namespace {

constexpr std::size_t kQuery = 0, kKey = 1, kValue = 2, kMask = 3;

/// [..., heads, length, size of a head], as much of it as is needed here.
struct Sizes {
  Count heads;    ///< of all queries of the batch
  Count queries;  ///< of one head
  Count keys;

  Count rows() const { return heads * queries; }
  Count scores() const { return rows() * keys; }
};

Sizes sizes_of(const GradOp& op) {
  const Dims& query = op.in(kQuery).shape;
  if (query.size() < 2) throw Error("its queries have too few dimensions");
  Sizes sizes{1, query.at(query.size() - 2), op.in(kKey).shape.at(query.size() - 2)};
  for (std::size_t i = 0; i + 2 < query.size(); ++i) sizes.heads *= query[i];
  return sizes;
}

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

bool ends_in_one_piece(const Keeping& k, std::size_t i) {
  const Dims strides = k.operand_of(i).layout.strides;
  return !strides.empty() && strides.back() == 1;
}

/// What the fused kernels ask of the tensors on either processor: batches and heads that need no broadcasting.
bool is_plain(const Keeping& k) {
  const Dims& query = k.op.in(kQuery).shape;
  const bool grouped = flag(k.op, "enable_gqa", false);
  for (const std::size_t i : {kQuery, kKey, kValue}) {
    const Dims& shape = k.op.in(i).shape;
    if (shape.size() != 4 || !ends_in_one_piece(k, i)) return false;
    if (shape[0] != query[0] || (shape[1] != query[1] && !grouped)) return false;
  }
  return true;
}

bool flash_on_cpu(const Keeping& k) {
  const GradOp& op = k.op;
  return is_plain(k) && number(op, "dropout_p", 0) == 0 && !op.need(kMask) &&
         op.in(kQuery).shape.back() == op.in(kValue).shape.back();
}

AttentionKernel automatic(const Keeping& k) {
  const GradOp& op = k.op;
  if (op.flavour.processor == Processor::cpu) {
    return flash_on_cpu(k) ? AttentionKernel::flash : AttentionKernel::math;
  }
  if (!is_plain(k)) return AttentionKernel::math;
  const Tensor& query = op.in(kQuery);
  const bool same_heads = query.shape[3] == op.in(kValue).shape[3];
  if (is_half(query.dtype) && !op.has_in(kMask) && same_heads && query.shape[3] <= 256) return AttentionKernel::flash;
  return flag(op, "enable_gqa", false) ? AttentionKernel::math : AttentionKernel::efficient;
}

void three_inputs(Keeping& k) {
  for (const std::size_t i : {kQuery, kKey, kValue}) k.input(i);
}

/// A mask of yes and no becomes one of numbers, which is kept in its place.
void keep_mask(Keeping& k) {
  if (!k.op.has_in(kMask)) return;
  const Tensor& mask = k.op.in(kMask);
  if (mask.dtype == DType::boolean) {
    k.fresh(bytes_of(k.op.in(kQuery).dtype, numel(mask)));
  } else {
    k.input(kMask);
  }
}

/// The logarithms of the sums of each row, in single precision or better.
Count log_sums(const GradOp& op, Count rows) {
  return bytes_of(op.in(kQuery).dtype == DType::f64 ? DType::f64 : DType::f32, rows);
}

void flash(Keeping& k) {
  three_inputs(k);
  if (k.op.flavour.processor == Processor::cpu) keep_mask(k);
  k.output();
  k.fresh(log_sums(k.op, sizes_of(k.op).rows()));
  if (k.op.flavour.processor == Processor::cuda) k.fresh(bytes_of(DType::u64, 2));  // state of the random numbers
}

void efficient(Keeping& k) {
  three_inputs(k);
  keep_mask(k);
  k.output();
  const Sizes sizes = sizes_of(k.op);
  const Count padded = (sizes.queries.value() + 31) / 32 * 32;
  k.fresh(log_sums(k.op, sizes.heads * padded));
}

void cudnn(Keeping& k) {
  three_inputs(k);
  keep_mask(k);
  k.output();
  k.fresh(log_sums(k.op, sizes_of(k.op).rows()));
}

/// An operand as the plain operators see it: scaled, or wide, or repeated for each of a group of heads.
Operand made_inside(const Keeping& k, std::size_t i, DType dtype, bool repeated) {
  Operand x = k.operand_of(i);
  const bool own = repeated || dtype != x.layout.dtype || i != kValue;
  if (repeated) x.layout.sizes[x.layout.sizes.size() - 3] = k.op.in(kQuery).shape.at(x.layout.sizes.size() - 3);
  x.layout.dtype = dtype;
  if (!own) return x;
  x.layout.strides = repeated ? shape::contiguous_strides(x.layout.sizes) : shape::preserved_strides(x.layout);
  x.input = Operand::kOwn;
  return x;
}

Operand transposed(Operand x) {
  const std::size_t rank = x.layout.sizes.size();
  std::swap(x.layout.sizes[rank - 1], x.layout.sizes[rank - 2]);
  std::swap(x.layout.strides[rank - 1], x.layout.strides[rank - 2]);
  return x;
}

/// The bytes of a copy that a batched product makes of the operand, with the batch of the queries; 0 where a view will
/// do.
Count copy_of(const Operand& x, const Dims& query) {
  Dims sizes(query.begin(), query.end() - 2);
  if (x.layout.sizes.size() != query.size()) throw Error("its tensors have different numbers of dimensions");
  std::int64_t batch = 1;
  for (const std::int64_t size : sizes) batch *= size;
  const std::int64_t rows = x.layout.sizes[sizes.size()], columns = x.layout.sizes.back();
  sizes.insert(sizes.end(), {rows, columns});
  const Strided expanded{x.layout.dtype, sizes, shape::expanded_strides(x.layout, sizes)};
  if (shape::view_strides(expanded, {batch, rows, columns})) return 0;
  return bytes_of(x.layout.dtype, numel(sizes));
}

/// softmax(scaled q @ scaled k + mask) @ v, with dropout of the probabilities; half precision is widened.
void math(Keeping& k) {
  const GradOp& op = k.op;
  const Tensor& query = op.in(kQuery);
  const DType dtype = is_half(query.dtype) ? DType::f32 : query.dtype;
  const std::size_t rank = query.shape.size();
  const bool grouped = flag(op, "enable_gqa", false) && rank > 2 && op.in(kKey).shape.size() == rank &&
                       op.in(kKey).shape[rank - 3] != query.shape[rank - 3];
  const bool drops = number(op, "dropout_p", 0) > 0;
  const Operand q = made_inside(k, kQuery, dtype, false);
  const Operand key = made_inside(k, kKey, dtype, grouped), value = made_inside(k, kValue, dtype, grouped);
  const bool needs = q.needs || key.needs || op.need(kMask);
  const Sizes sizes = sizes_of(op);
  const Count scores = bytes_of(dtype, sizes.scores());
  product(k, q, transposed(key));
  k.fresh(scores, needs || (!drops && value.needs));  // probabilities
  if (drops) {
    const bool bytes = op.flavour.processor == Processor::cuda;
    k.fresh(bytes ? sizes.scores() : scores, needs);
    k.fresh(scores, value.needs);
  }
  Operand probabilities{.layout = {dtype, query.shape, {}}, .input = Operand::kElsewhere, .needs = needs};
  probabilities.layout.sizes.back() = op.in(kKey).shape.at(rank - 2);
  probabilities.layout.strides = shape::contiguous_strides(probabilities.layout.sizes);
  product(k, probabilities, value);

  // What lasts as long as the operator: scaled queries, repeated or widened tensors, a mask in numbers.
  Count lasts = q.bytes();
  if (grouped) lasts += key.bytes() + value.bytes();
  if (dtype != query.dtype) lasts += q.bytes() + key.bytes() + value.bytes();
  if (flag(op, "is_causal", false)) lasts += bytes_of(dtype, sizes.queries * sizes.keys);
  if (op.has_in(kMask) && op.in(kMask).dtype == DType::boolean) lasts += bytes_of(dtype, numel(op.in(kMask)));
  const bool records = op.need_any();
  const Count copies_q = copy_of(q, query.shape), copies_key = copy_of(key, query.shape);
  const Count left = records ? copies_q + (copies_key > 0 ? copies_key : key.bytes()) : 0;
  k.at_once(lasts + copies_q + key.bytes() + copies_key + scores);
  k.at_once(lasts + left + scores * (drops ? 3 : 2));
  k.at_once(lasts + left + scores * (drops && records ? 3 : 1) + copy_of(value, query.shape) + bytes_of(op.out()));
}

}  // namespace

// (query, key, value, mask)
void attention_math(Keeping& k) {
  const std::size_t rank = std::max<std::size_t>(2, k.op.in(kQuery).shape.size());
  for (const std::size_t i : {kQuery, kKey, kValue}) require_rank(k.operand_of(i), rank);
  math(k);
}

void attention(Keeping& k) {
  switch (attention_kernel(k.op)) {
    case AttentionKernel::flash:
      return flash(k);
    case AttentionKernel::efficient:
      return efficient(k);
    case AttentionKernel::cudnn:
      return cudnn(k);
    default:
      return attention_math(k);
  }
}

}  // namespace thoplw::lower

namespace thoplw {

AttentionKernel attention_kernel(const GradOp& op) {
  const AttentionKernel asked = op.flavour.attention;
  return asked == AttentionKernel::automatic ? lower::automatic(Keeping(op)) : asked;
}

}  // namespace thoplw

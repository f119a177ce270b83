// Results of attention operators: [batch, heads, length, size], or [batch, length, heads x size].
#include <algorithm>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

std::int64_t size_at(const Known* x, std::size_t rank, std::size_t d) {
  return x && x->has_rank && x->shape.size() == rank ? x->shape[d] : kNoSize;
}

std::int64_t quotient(std::int64_t size, std::int64_t parts) { return size < 0 || parts < 1 ? kNoSize : size / parts; }

bool has_rank(const Known* x, std::size_t rank) { return x && x->has_rank && x->shape.size() == rank; }

/// Heads, length and size per head of queries, keys or values in either layout.
struct Heads {
  std::int64_t heads = kNoSize, length = kNoSize, size = kNoSize;
};

Heads heads_of(const Known& x, std::int64_t heads) {
  if (has_rank(&x, 4)) return {x.shape[1], x.shape[2], x.shape[3]};
  if (has_rank(&x, 3)) return {heads > 0 ? heads : kNoSize, x.shape[1], quotient(x.shape[2], heads)};
  return {};
}

}  // namespace

// ai.onnx: (q, k, v, mask, past k, past v) -> (y, present k, present v, scores)
void attention(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  const Known& value = need(view, 2);
  if (!has_rank(&query, 3) && !has_rank(&query, 4)) return give_type(out, 0, query.dtype);
  const Heads q = heads_of(query, view.node.integer("q_num_heads", 0));
  const Heads k = heads_of(need(view, 1), view.node.integer("kv_num_heads", 0));
  const Heads v = heads_of(value, view.node.integer("kv_num_heads", 0));
  const std::int64_t batch = query.shape[0];
  const std::int64_t total = view.input(4) ? plus(size_at(view.input(4), 4, 2), k.length) : k.length;
  if (has_rank(&query, 4)) {
    give(out, 0, query.dtype, {batch, q.heads, q.length, v.size});
  } else {
    give(out, 0, query.dtype, {batch, q.length, times(q.heads, v.size)});
  }
  give(out, 1, need(view, 1).dtype, {batch, k.heads, total, k.size});
  give(out, 2, value.dtype, {batch, v.heads, total, v.size});
  give(out, 3, query.dtype, {batch, q.heads, q.length, total});
}

// com.microsoft: (input[N, L, E], weight[E, q + k + v], bias, mask, past[2, N, heads, P, size], ...) -> (y, present)
void fused_attention(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& weight = need(view, 1);
  const std::int64_t heads = view.node.integer("num_heads", 0);
  const Ints& hidden = view.node.integers("qkv_hidden_sizes");
  if (!has_rank(&x, 3)) return give_rank(out, 0, x.dtype, 3);
  const std::int64_t width = hidden.size() == 3 ? hidden[2] : quotient(size_at(&weight, 2, 1), 3);
  give(out, 0, x.dtype, {x.shape[0], x.shape[1], width});
  const Known* past = view.input(4);
  const std::int64_t total = past ? plus(size_at(past, 5, 3), x.shape[1]) : x.shape[1];
  give(out, 1, x.dtype, {2, x.shape[0], heads, total, quotient(width, heads)});
}

// com.microsoft: as fused_attention; (input, weight, bias, scales, mask, zeros, past[2, N, heads, P, size])
void quantized_attention(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const DType dtype = need(view, 3).dtype;
  if (!has_rank(&x, 3)) return give_rank(out, 0, dtype, 3);
  const std::int64_t width = quotient(size_at(view.input(1), 2, 1), 3), heads = view.node.integer("num_heads", 0);
  give(out, 0, dtype, {x.shape[0], x.shape[1], width});
  const Known* past = view.input(8);
  const std::int64_t total = past ? plus(size_at(past, 5, 3), x.shape[1]) : x.shape[1];
  give(out, 1, dtype, {2, x.shape[0], heads, total, quotient(width, heads)});
}

// com.microsoft: (q[N, L, E] or packed [N, L, heads, 3, size], k, v, bias, masks, past k, past v, ...)
void multi_head_attention(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  const std::int64_t heads = view.node.integer("num_heads", 0);
  if (has_rank(&query, 5)) {
    give(out, 0, query.dtype, {query.shape[0], query.shape[1], times(query.shape[2], query.shape[4])});
    return;
  }
  if (!has_rank(&query, 3)) return give_rank(out, 0, query.dtype, 3);
  const Known* key = view.input(1);
  const Known* value = view.input(2);
  const Known* past = view.input(6);
  const bool packed = has_rank(key, 5), crossed = has_rank(value, 4);  // [N, L, heads, 2, size]; [N, heads, L, size]
  const std::int64_t width = packed    ? query.shape[2]
                             : crossed ? times(value->shape[1], value->shape[3])
                                       : size_at(value, 3, 2);
  const std::int64_t length = packed ? key->shape[1] : crossed ? value->shape[2] : size_at(value, 3, 1);
  const std::int64_t total = past ? plus(size_at(past, 4, 2), length) : length;
  give(out, 0, query.dtype, {query.shape[0], query.shape[1], width});
  give(out, 1, query.dtype, {query.shape[0], heads, total, quotient(query.shape[2], heads)});
  give(out, 2, query.dtype, {query.shape[0], heads, total, quotient(width, heads)});
}

// com.microsoft: (q[N, L, heads x size] or all packed, k, v, past k, past v, ...) -> (y, present k, present v)
void group_query_attention(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  const std::int64_t heads = view.node.integer("num_heads", 0), shared = view.node.integer("kv_num_heads", 0);
  if (!has_rank(&query, 3)) return give_rank(out, 0, query.dtype, 3);
  const bool packed = !view.input(1);
  const std::int64_t size = quotient(query.shape[2], packed ? plus(heads, times(2, shared)) : heads);
  give(out, 0, query.dtype, {query.shape[0], query.shape[1], times(size, heads)});
  // A cache of fixed length is handed on as it is; only the file's own word tells it from one that grows.
  const bool told = out.size() > 1 && has_rank(&out[1], 4) && out[1].shape[2] >= 0;
  const Known* past = view.input(3);
  const std::int64_t grown = past ? plus(size_at(past, 4, 2), query.shape[1]) : query.shape[1];
  const std::int64_t total = told ? kNoSize : grown;
  give(out, 1, query.dtype, {query.shape[0], shared, total, size});
  give(out, 2, query.dtype, {query.shape[0], shared, total, size});
}

// (q, k, v, state[N, heads, k, v], ...) -> (y[N, L, heads x v], state)
void linear_attention(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  const std::int64_t heads = view.node.integer("q_num_heads", 0), shared = view.node.integer("kv_num_heads", 0);
  if (!has_rank(&query, 3)) return give_rank(out, 0, query.dtype, 3);
  const std::int64_t key_size = quotient(query.shape[2], heads);
  const std::int64_t value_size = quotient(size_at(view.input(2), 3, 2), shared);
  give(out, 0, query.dtype, {query.shape[0], query.shape[1], times(heads, value_size)});
  const Known* state = view.input(3);
  give(out, 1, state ? state->dtype : query.dtype, {query.shape[0], shared, key_size, value_size});
}

}  // namespace thoplw::onnx::infer

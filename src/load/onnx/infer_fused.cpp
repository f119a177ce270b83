// Results of operators in which onnxruntime fuses whole parts of transformers.
#include <algorithm>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

bool has_rank(const Known* x, std::size_t rank) { return x && x->has_rank && x->shape.size() == rank; }

std::int64_t last_of(const Known* x) { return x && x->has_rank && !x->shape.empty() ? x->shape.back() : kNoSize; }

std::int64_t quotient(std::int64_t size, std::int64_t parts) { return size < 0 || parts < 1 ? kNoSize : size / parts; }

/// As `x`, but for the last size.
void give_wide(Out out, std::size_t i, const Known& x, std::int64_t width) {
  if (!x.has_rank || x.shape.empty()) return give_type(out, i, x.dtype);
  Dims sizes = x.shape;
  sizes.back() = width;
  give(out, i, x.dtype, std::move(sizes));
}

/// The cache that a step leaves: one longer, but where it stays in one buffer.
void give_cache(const NodeView& view, Out out, std::size_t i, const Known* past, std::size_t length) {
  if (!past || !past->has_rank || past->shape.size() <= length) return;
  Dims sizes = past->shape;
  if (view.node.integer("past_present_share_buffer", 0) == 0) sizes[length] = plus(sizes[length], 1);
  give(out, i, past->dtype, std::move(sizes));
}

}  // namespace

// com.microsoft: (input, weights[E, q + k + v], ...) -> [..., v]
void packed_attention(const NodeView& view, Out out) {
  const Ints& hidden = view.node.integers("qkv_hidden_sizes");
  give_wide(out, 0, need(view, 0), hidden.size() == 3 ? hidden[2] : quotient(last_of(view.input(1)), 3));
}

// com.microsoft: (q[tokens, E] or all packed [tokens, heads, 3, size], k, v, ...) -> [tokens, v]
void packed_multi_head_attention(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  if (has_rank(&query, 4)) {
    return give(out, 0, query.dtype, {query.shape[0], times(query.shape[1], query.shape[3])});
  }
  give_wide(out, 0, query, last_of(view.input(2)));
}

// com.microsoft: (q[tokens, heads x size] or all packed, k, v, cache of keys, of values, ...)
void paged_attention(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  const std::int64_t heads = view.node.integer("num_heads", 0), shared = view.node.integer("kv_num_heads", 0);
  const std::int64_t named = view.node.integer("v_head_size", 0);
  const bool packed = !view.input(1);
  const std::int64_t size = quotient(last_of(&query), packed ? plus(heads, times(2, shared)) : heads);
  give_wide(out, 0, query, times(heads, named > 0 ? named : size));
  for (std::size_t i : {1, 2}) {
    if (const Known* cache = view.input(i + 2)) give_like(out, i, *cache);
  }
}

// com.microsoft: (q[N, L, heads x size] or all packed, k, v, cache of keys, of values, ...)
void sparse_attention(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  const std::int64_t heads = view.node.integer("num_heads", 0), shared = view.node.integer("kv_num_heads", 0);
  const std::int64_t size = quotient(last_of(&query), view.input(1) ? heads : plus(heads, times(2, shared)));
  give_wide(out, 0, query, times(heads, size));
  for (std::size_t i : {1, 2}) give_like(out, i, need(view, i + 2));
}

// com.microsoft: one token: (x[N, 1, E], weights, bias, mask, past[2, N, heads, P, size], ...)
void decoder_self_attention(const NodeView& view, Out out) {
  const Known* past = view.input(4);
  const std::int64_t width = has_rank(past, 5) ? times(past->shape[2], past->shape[4]) : kNoSize;
  give_wide(out, 0, need(view, 0), width);
  give_cache(view, out, 1, past, 3);
}

// com.microsoft: one token: (q[N, 1, E] or all packed, k, v or caches of them, ..., past k, past v at 5 and 6)
void decoder_attention(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  const Known* value = view.input(2);
  const Known* past = view.input(6);
  const std::int64_t width = has_rank(value, 4)  ? times(value->shape[1], value->shape[3])
                             : value             ? last_of(value)
                             : has_rank(past, 4) ? times(past->shape[1], past->shape[3])
                                                 : quotient(last_of(&query), 3);
  give_wide(out, 0, query, width);
  give_cache(view, out, 1, view.input(5), 2);
  give_cache(view, out, 2, past, 2);
}

// com.microsoft: (x[N, L, E], five scales, weights of q, k and v, ...) -> [N, L, v]
void qordered_attention(const NodeView& view, Out out) { give_wide(out, 0, need(view, 0), last_of(view.input(7))); }

// com.microsoft: (a, scale, b[K, N], ...)
void qordered_matmul(const NodeView& view, Out out) { give_wide(out, 0, need(view, 0), last_of(view.input(2))); }

// com.microsoft: (q[..., heads, E], k, v[..., heads, v], ..., state[N, heads, v, E] at 6); or all of them packed in q
void gated_delta_net(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  const Known* value = view.input(2);
  const Known* state = view.input(6);
  if (state) give_like(out, 1, *state);
  if (!query.has_rank || query.shape.empty()) return give_type(out, 0, query.dtype);
  if (value) return give_like(out, 0, query.dtype, *value);
  if (!has_rank(state, 4)) return give_type(out, 0, query.dtype);
  Dims sizes = query.shape;
  sizes.back() = state->shape[1];
  sizes.push_back(state->shape[2]);
  give(out, 0, query.dtype, std::move(sizes));
}

// com.microsoft: the sizes of the weights are attributes.
void packed_qkv(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const std::int64_t keys = view.node.integer("Nkv", kNoSize);
  give_wide(out, 0, x, view.node.integer("Nq", kNoSize));
  give_wide(out, 1, x, keys);
  give_wide(out, 2, x, keys);
  give_like(out, 3, x);
}

void packed_mlp(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  give_wide(out, 0, x, view.node.integer("N", kNoSize));
  give_like(out, 1, x);
}

// com.microsoft: (x[..., K], weight[K, router + 2 x inter]) -> (router, activated)
void router_projection(const NodeView& view, Out out) {
  const std::int64_t router = view.node.integer("router_size", kNoSize), columns = last_of(view.input(1));
  give_wide(out, 0, need(view, 0), router);
  give_wide(out, 1, need(view, 0), columns < router ? kNoSize : quotient(columns - router, 2));
}

// com.microsoft: (a[..., K], weight[N, K or what it is packed into], ...) -> [..., N]
void by_rows(const NodeView& view, Out out) {
  const Known* weight = view.input(1);
  give_wide(out, 0, need(view, 0), weight && weight->has_rank && !weight->shape.empty() ? weight->shape[0] : kNoSize);
}

// com.microsoft: (q[N, L, heads x size], ...) -> [N, heads, L, L]
void gated_position_bias(const NodeView& view, Out out) {
  const Known& query = need(view, 0);
  if (!has_rank(&query, 3)) return give_type(out, 0, query.dtype);
  const std::int64_t length = query.shape[1];
  give(out, 0, query.dtype, {query.shape[0], view.node.integer("num_heads", kNoSize), length, length});
}

// com.microsoft: (a[..., K], packed weight, its sizes [K, N])
void shaped_matmul(const NodeView& view, Out out) {
  const Ints* sizes = elements_of(view.input(2));
  give_wide(out, 0, need(view, 0), sizes && !sizes->empty() ? size_of(sizes->back()) : kNoSize);
}

void gemm_float8(const NodeView& view, Out out) {
  gemm(view, out);
  if (const std::int64_t named = view.node.integer("dtype", 0); named != 0) give_type(out, 0, dtype_of(named));
}

}  // namespace thoplw::onnx::infer

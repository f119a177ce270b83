// Operators in which onnxruntime fuses whole parts of transformers: how many products they are, from their sizes.
#include <utility>

#include "load/onnx/known.h"
#include "load/onnx/map.h"

namespace thoplw::onnx::map {
namespace {

/// Multiply-adds by kind; -1 where a size is not known.
struct Products {
  std::int64_t contraction = 0, attention = 0, bias = 0, softmax = 0;
};

Mapped fused(const NodeView& view, const Products& products, bool part = false) {
  Mapped mapped{"onnx::fused", all_inputs(view), {}, part};
  for (const auto& [name, count] :
       {std::pair("contraction", products.contraction), std::pair("attention", products.attention),
        std::pair("bias", products.bias), std::pair("softmax", products.softmax)}) {
    if (count != 0) mapped.attrs.push_back({name, count});
  }
  return mapped;
}

/// How much it does hangs on the data.
Mapped by_data(const NodeView& view) {
  return {std::string(view.node.domain) + "::" + std::string(view.node.op_type), all_inputs(view), {}};
}

std::int64_t size(const NodeView& view, std::size_t input, std::size_t dim) {
  const Known* x = view.input(input);
  return x && x->has_rank && dim < x->shape.size() ? x->shape[dim] : kNoSize;
}
std::int64_t last(const NodeView& view, std::size_t input) {
  const Known* x = view.input(input);
  return x && x->has_rank && !x->shape.empty() ? x->shape.back() : kNoSize;
}
std::int64_t elements(const NodeView& view, std::size_t input) {
  const Known* x = view.input(input);
  return x && x->has_rank ? elements_in(x->shape) : kNoSize;
}
/// All sizes but the last.
std::int64_t rows(const NodeView& view, std::size_t input) {
  const Known* x = view.input(input);
  return x && x->has_rank && !x->shape.empty() ? elements_in(std::span(x->shape).first(x->shape.size() - 1)) : kNoSize;
}
std::size_t rank(const NodeView& view, std::size_t input) {
  const Known* x = view.input(input);
  return x && x->has_rank ? x->shape.size() : 0;
}

std::int64_t quotient(std::int64_t size, std::int64_t parts) { return size < 0 || parts < 1 ? kNoSize : size / parts; }
std::int64_t minus(std::int64_t a, std::int64_t b) { return a < 0 || b < 0 || a < b ? kNoSize : a - b; }
std::int64_t times_all(std::initializer_list<std::int64_t> factors) {
  std::int64_t product = 1;
  for (std::int64_t factor : factors) product = times(product, factor);
  return product;
}
std::int64_t heads_of(const NodeView& view) { return view.node.integer("num_heads", kNoSize); }

/// Each expert that a token goes to: columns of its first layers, times the token, and back.
Products experts(const NodeView& view, std::int64_t columns, std::int64_t inner, std::int64_t more) {
  const std::int64_t width = last(view, 0);
  const std::int64_t pairs = times(rows(view, 0), view.node.integer("k", 1));
  return {.contraction = times_all({pairs, width, plus(plus(columns, more), inner)})};
}

/// How many keys one more token meets. In a buffer that is shared all of it counts, unless its length is known.
std::int64_t decoded(const NodeView& view, std::size_t past, std::size_t dim, std::size_t told) {
  if (!view.input(past)) return 1;
  if (view.node.integer("past_present_share_buffer", 0) == 0) return plus(size(view, past, dim), 1);
  const auto length = element_of(view.input(told));
  return length ? plus(*length, 1) : size(view, past, dim);
}

/// Queries that meet `length` keys each.
Products attended(const NodeView& view, std::int64_t pairs, std::int64_t keys, std::int64_t values) {
  return {.attention = times(pairs, plus(keys, values)), .softmax = times(pairs, heads_of(view))};
}

/// Of sequences without padding, behind each other: pairs of tokens of the same one. -1 where that hangs on the data.
std::int64_t packed_pairs(const NodeView& view, std::size_t padded, std::size_t ends) {
  const std::int64_t tokens = size(view, 0, 0);
  if (elements(view, padded) == tokens) return times(tokens, last(view, padded));  // no padding at all
  const Ints* bounds = elements_of(view.input(ends));
  if (!bounds) return kNoSize;
  std::int64_t pairs = 0;
  for (std::size_t i = 1; i < bounds->size(); ++i) {
    const std::int64_t length = minus((*bounds)[i], (*bounds)[i - 1]);
    pairs = plus(pairs, times(length, length));
  }
  return pairs;
}

/// Each token meets `window` tokens before it and behind it, as far as there are some.
std::int64_t windowed_pairs(std::int64_t length, std::int64_t window) {
  if (length < 1 || window < 0) return length == 0 ? 0 : kNoSize;
  window = std::min(window, length - 1);
  return minus(times(length, plus(times(2, window), 1)), times(window, window + 1));
}

bool is_all_zero(const Known* x) {
  const Ints* flags = elements_of(x);
  return flags && std::ranges::all_of(*flags, [](std::int64_t flag) { return flag == 0; });
}

Mapped windowed_attention(const NodeView& view, std::size_t weight, std::size_t global) {
  const std::int64_t tokens = rows(view, 0), columns = last(view, weight);
  const std::int64_t pairs =
      times(size(view, 0, 0), windowed_pairs(size(view, 0, 1), view.node.integer("window", kNoSize)));
  Products products = attended(view, pairs, last(view, 0), last(view, 0));
  products.contraction = times(tokens, elements(view, weight));
  products.bias = times(tokens, columns);
  return fused(view, products, !is_all_zero(view.input(global)));
}

}  // namespace

Mapped experts(const NodeView& view) {
  const std::int64_t more = view.input(6) ? size(view, 6, 1) : 0;
  return fused(view, experts(view, size(view, 2, 1), size(view, 4, 2), more));
}

// Of 4 bit floats the scales, and of other weights the first two sizes, are as if they were not packed.
Mapped quantized_experts(const NodeView& view) {
  const bool by_scales = view.node.text("quant_type", "int").find("fp4") != std::string_view::npos;
  const auto columns = [&](std::size_t weight) { return size(view, by_scales ? weight + 1 : weight, 1); };
  const std::string_view activation = view.node.text("activation_type", "relu");
  const bool gated = activation == "geglu" || (activation == "swiglu" && view.node.integer("swiglu_fusion", 0) != 0);
  const std::int64_t inner = gated ? quotient(columns(2), 2) : columns(2);
  return fused(view, experts(view, columns(2), inner, view.input(8) ? columns(8) : 0));
}

Mapped packed_experts(const NodeView& view) {
  const std::int64_t inner = size(view, 2, 1);
  return fused(view, experts(view, inner, inner, view.input(3) ? size(view, 3, 1) : 0));
}

// (x[N, 1, E], weights[E, q + k + v], bias, mask, past[2, N, heads, P, size], bias of scores, past length, ...)
Mapped decoder_self_attention(const NodeView& view) {
  const std::int64_t tokens = rows(view, 0), columns = last(view, 1);
  const std::int64_t values = times(heads_of(view), last(view, 4)), keys = quotient(minus(columns, values), 2);
  Products products = attended(view, times(tokens, decoded(view, 4, 3, 6)), keys, values);
  products.contraction = times(tokens, elements(view, 1));
  products.bias = times(tokens, columns);
  return fused(view, products);
}

// (q, k, v, mask, bias of scores, past k, past v, past length, beams, ..., bias): over what is cached, or other keys
Mapped decoder_attention(const NodeView& view) {
  const std::int64_t tokens = rows(view, 0), heads = heads_of(view);
  const bool crossed = rank(view, 1) == 4;  // [N, heads, S, size]
  const std::int64_t length = crossed ? size(view, 1, 2) : decoded(view, 5, 2, 7);
  const std::int64_t values = crossed         ? times(heads, size(view, 2, 3))
                              : view.input(2) ? last(view, 2)
                                              : times(heads, last(view, 6));
  const std::int64_t keys = view.input(1) ? last(view, 0) : quotient(minus(last(view, 0), values), 2);
  Products products = attended(view, times(tokens, length), keys, values);
  if (view.input(10)) products.bias = times(tokens, crossed ? keys : plus(times(2, keys), values));
  return fused(view, products);
}

// (x[tokens, E], weights[E, q + k + v], bias, offsets[N, L], ends, bias of scores)
Mapped packed_attention(const NodeView& view) {
  const std::int64_t tokens = rows(view, 0), columns = last(view, 1);
  const Ints& hidden = view.node.integers("qkv_hidden_sizes");
  const std::int64_t values = hidden.size() == 3 ? hidden[2] : quotient(columns, 3);
  const std::int64_t pairs = packed_pairs(view, 3, 4);
  const bool known = pairs >= 0 || tokens < 0;
  Products products = attended(view, known ? pairs : 0, quotient(minus(columns, values), 2), values);
  products.contraction = times(tokens, elements(view, 1));
  products.bias = times(tokens, columns);
  return fused(view, products, !known);
}

// (q[tokens, E] or [tokens, heads, 3, size], k, v, bias, offsets[N, L], ends, bias of scores)
Mapped packed_multi_head_attention(const NodeView& view) {
  const bool packed = rank(view, 0) == 4;
  const std::int64_t tokens = size(view, 0, 0), pairs = packed_pairs(view, 4, 5);
  if (pairs < 0 && tokens >= 0) return by_data(view);
  const std::int64_t keys = packed ? times(size(view, 0, 1), size(view, 0, 3)) : last(view, 0);
  const std::int64_t values = packed ? keys : last(view, 2);
  Products products = attended(view, pairs, keys, values);
  if (view.input(3)) products.bias = times(tokens, elements(view, 3));
  return fused(view, products);
}

// (q, k, v, cache of keys, of values, ends, past lengths, ...): each token meets what its sequence has so far
Mapped paged_attention(const NodeView& view) {
  if (!view.input(0)) return fused(view, {});
  const Ints *ends = elements_of(view.input(5)), *past = elements_of(view.input(6));
  if (!ends || !past || ends->size() != past->size() + 1) return by_data(view);
  std::int64_t pairs = 0;
  for (std::size_t i = 0; i < past->size(); ++i) {
    const std::int64_t length = minus((*ends)[i + 1], (*ends)[i]);
    pairs = plus(pairs, times(length, plus((*past)[i], length)));
  }
  const std::int64_t shared = view.node.integer("kv_num_heads", kNoSize), named = view.node.integer("v_head_size", 0);
  const std::int64_t parts = view.input(1) ? heads_of(view) : plus(heads_of(view), times(2, shared));
  const std::int64_t width = times(heads_of(view), quotient(last(view, 0), parts));
  return fused(view, attended(view, pairs, width, named > 0 ? times(heads_of(view), named) : width));
}

// (q, k, v, caches, rows[layouts, blocks + 1], columns, length, ...): each token meets the blocks of its row
Mapped sparse_attention(const NodeView& view) {
  if (!view.input(0)) return fused(view, {});
  const Ints* starts = elements_of(view.input(5));
  const auto total = element_of(view.input(7));
  const std::int64_t block = view.node.integer("sparse_block_size", 0), heads = heads_of(view);
  const std::int64_t layouts = size(view, 5, 0), length = size(view, 0, 1), batch = size(view, 0, 0);
  if (!starts || !total || block < 1 || layouts < 1 || *total < length || length < 0) return by_data(view);
  const std::int64_t width = last(view, 5), blocks = (*total + block - 1) / block;
  if (blocks >= width) throw Error("its mask has fewer blocks than the sequence");
  std::int64_t pairs = 0;  // of all layouts
  for (std::int64_t layout = 0; layout < layouts; ++layout) {
    for (std::int64_t row = (*total - length) / block; row < blocks; ++row) {
      const auto at = static_cast<std::size_t>(layout * width + row);
      const std::int64_t first = std::max(row * block, *total - length);
      const std::int64_t queries = std::min((row + 1) * block, *total) - first;
      pairs = plus(pairs, times_all({queries, block, minus((*starts)[at + 1], (*starts)[at])}));
    }
  }
  const std::int64_t parts = view.input(1) ? heads : plus(heads, times(2, view.node.integer("kv_num_heads", kNoSize)));
  const std::int64_t of_heads = times_all({batch, pairs, quotient(heads, layouts)});
  return fused(view, {.attention = times_all({of_heads, 2, quotient(last(view, 0), parts)}), .softmax = of_heads});
}

Mapped longformer_attention(const NodeView& view) { return windowed_attention(view, 1, 6); }
Mapped qordered_longformer_attention(const NodeView& view) { return windowed_attention(view, 2, 12); }

// (x[N, L, E], five scales, weights of q, k and v[E, size], scales, their biases, ...)
Mapped qordered_attention(const NodeView& view) {
  const std::int64_t tokens = rows(view, 0), keys = last(view, 5), values = last(view, 7);
  const std::int64_t columns = plus(plus(keys, last(view, 6)), values);
  Products products = attended(view, times(tokens, size(view, 0, 1)), keys, values);
  products.contraction = times_all({tokens, last(view, 0), columns});
  products.bias = times(tokens, columns);
  return fused(view, products);
}

// Per token and head of the values: a product joins the state, the query reads it, and a delta rule reads it before.
Mapped gated_delta_net(const NodeView& view) {
  const bool delta = view.node.text("update_rule", "gated_delta").ends_with("delta");
  const std::int64_t per_token = delta ? 3 : 2;
  if (view.input(2)) return fused(view, {.attention = times_all({elements(view, 2), last(view, 0), per_token})});
  const std::int64_t state = times_all({size(view, 6, 1), size(view, 6, 2), size(view, 6, 3)});
  return fused(view, {.attention = times_all({rows(view, 0), state, per_token})});
}

Mapped packed_qkv(const NodeView& view) {
  const std::int64_t columns = plus(view.node.integer("Nq", kNoSize), times(2, view.node.integer("Nkv", kNoSize)));
  return fused(view, {.contraction = times(elements(view, 0), columns)});
}

Mapped packed_mlp(const NodeView& view) {
  return fused(view, {.contraction = times_all({elements(view, 0), 2, view.node.integer("N", kNoSize)})});
}

// (x[..., K], weight, scales, down[R, ...], scales, up[N, ...], scales): an adapter may be empty
Mapped packed_adapter(const NodeView& view) {
  const std::int64_t columns = view.node.integer("N", kNoSize), between = size(view, 4, 0);
  const std::int64_t down = size(view, 3, 0) == 0 ? 0 : between, up = size(view, 5, 1) == 0 ? 0 : between;
  return fused(view, {.contraction = plus(times(elements(view, 0), plus(columns, down)),
                                          times_all({rows(view, 0), up, columns}))});
}

Mapped router_projection(const NodeView& view) {
  return fused(view, {.contraction = times(elements(view, 0), last(view, 1))});
}

// (q[N, L, heads x size], bias, positions, weight[size, D], bias, ...)
Mapped gated_position_bias(const NodeView& view) {
  return fused(view, {.contraction = times(elements(view, 0), last(view, 3)),
                      .bias = times_all({rows(view, 0), heads_of(view), last(view, 4)})});
}

// Each channel by itself, so that the layout does not matter.
Mapped causal_conv(const NodeView& view) {
  const std::int64_t channels = size(view, 1, 0), window = channels < 1 ? kNoSize : elements(view, 1) / channels;
  return fused(view, {.contraction = times(elements(view, 0), window), .bias = view.input(2) ? elements(view, 0) : 0});
}

Mapped nhwc_conv_transpose(const NodeView& view, std::size_t weight) {
  return fused(view, {.contraction = times(rows(view, 0), elements(view, weight))});
}
Mapped nhwc_conv_transpose(const NodeView& view) { return nhwc_conv_transpose(view, 1); }
Mapped qlinear_nhwc_conv_transpose(const NodeView& view) { return nhwc_conv_transpose(view, 3); }

// A kernel for each vector, and its coefficients; without vectors the coefficients are those of the features.
Mapped support_vectors(const NodeView& view) {
  const auto length = [&](std::string_view name) {
    const Attribute* list = view.node.attribute(name);
    return static_cast<std::int64_t>(list ? list->reals.size() : 0);
  };
  const std::int64_t samples = rank(view, 0) < 2 ? 1 : size(view, 0, 0);
  return fused(view, {.contraction = times(samples, length("support_vectors") + length("coefficients"))});
}

// How deep a path through a tree goes hangs on the data.
Mapped ensemble(const NodeView& view) { return by_data(view); }

}  // namespace thoplw::onnx::map

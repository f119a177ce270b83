// Formulas of ONNX operators that torch does not have in this form: fused, packed or transposed.
#include "operators/work/formulas.h"

namespace thoplw::work {
namespace {

/// Each query is multiplied with each key, and each probability with a value. All heads together are as wide as a row.
Work attended(const Tensor& query, const Tensor& result, Count length, Count scores) {
  Work work;
  work[Kind::attention] = length * (numel(query) + numel(result));
  work[Kind::softmax] = scores;
  return work;
}

/// L of [N, L, ...] or [N, heads, L, size].
Count length_of(const Tensor& x) {
  const std::size_t rank = x.shape.size();
  return size_from_end(x, rank == 4 ? 2 : rank < 2 ? 2 : rank - 1);
}

Count heads_of(const OpView& op, const Tensor& query) {
  return query.shape.size() == 4 ? Count(query.shape[1]) : Count(attr_as<std::int64_t>(op, "heads"));
}

}  // namespace

// The first factor is [..., m, k]; transposed [..., k, m], or with its rows before the batch [k, ..., m].
constexpr Formula onnx_gemm{
    .counts = {{Kind::contraction, "output elements x inner size"},
               {Kind::bias, "output elements, if what is added is smaller than the output"},
               {Kind::elementwise, "output elements, if it is not"}},
    .work =
        [](const OpView& op) {
          const Tensor& a = op.in(0);
          const bool rows_first = op.attr("transBatchA") && attr_as<bool>(op, "transBatchA");
          const bool transposed = attr_as<bool>(op, "transA") && a.shape.size() > 1;
          const Count inner = !transposed ? size_from_end(a, 1) : size_from_end(a, rows_first ? a.shape.size() : 2);
          Work work;
          work[Kind::contraction] = numel(op.out()) * inner;
          if (op.has_in(2)) work[op.in(2).shape == op.out().shape ? Kind::elementwise : Kind::bias] = numel(op.out());
          return work;
        },
};

constexpr Formula onnx_nhwc_conv{
    .counts = {{Kind::contraction, "weight elements x output positions"}, {Kind::bias, "output elements"}},
    .work = [](const OpView& op) { return conv_tbc(op); },
};

// One tensor has the weights of all gates and directions. A peephole multiplies element by element.
constexpr Formula onnx_rnn{
    .counts = {{Kind::contraction, "each gate of each step and direction as a linear layer"},
               {Kind::bias, "their output elements, for each of the two biases"},
               {Kind::elementwise, "steps x peephole weights"}},
    .work =
        [](const OpView& op) {
          const Count steps = leading(op.in(0));
          Work work;
          work[Kind::contraction] = steps * (numel(op.in(1)) + numel(op.in(2)));
          if (op.has_in(3)) work[Kind::bias] = steps * numel(op.in(3));
          if (op.has_in(4)) work[Kind::elementwise] = steps * numel(op.in(4));
          return work;
        },
};

// Packed queries, keys and values are [N, L, heads, 3, size]; packed keys and values [N, L, heads, 2, size].
constexpr Formula onnx_attention{
    .counts = {{Kind::attention, "heads x L x S x (E of the keys + E of the values), cached keys and values included"},
               {Kind::softmax, "heads x L x S"}},
    .work =
        [](const OpView& op) {
          const Tensor& query = op.in(0);
          if (query.shape.size() == 5) {
            const Count length = query.shape[1];
            Work work;
            work[Kind::attention] = length * numel(op.out()) * 2;
            work[Kind::softmax] = Count(query.shape[0]) * length * query.shape[2] * length;
            return work;
          }
          Count length = length_of(op.in(1));
          if (op.has_in(3)) length += size_from_end(op.in(3), 2);
          const Count queries = length_of(query) * query.shape.front();
          return attended(query, op.out(), length, queries * heads_of(op, query) * length);
        },
};

// The projection makes queries, keys and values at once; queries are as wide as keys.
constexpr Formula onnx_fused_attention{
    .counts = {{Kind::contraction, "the projections"},
               {Kind::attention, "both products"},
               {Kind::bias, "output elements of the projections"},
               {Kind::softmax, "heads x L x S"}},
    .work =
        [](const OpView& op) {
          const Tensor& input = op.in(0);
          const Count positions = leading(input), columns = size_from_end(op.in(1), 1),
                      width = size_from_end(op.out(), 1);
          Count length = size_from_end(input, 2);
          if (op.has_in(3)) length += size_from_end(op.in(3), 2);
          const Count both = columns - width;  // queries and keys
          Work work;
          work[Kind::contraction] = positions * numel(op.in(1));
          work[Kind::attention] = positions * length * (Count(both.value() / 2) + width);
          work[Kind::softmax] = positions * length * attr_as<std::int64_t>(op, "heads");
          if (op.has_in(2)) work[Kind::bias] = positions * columns;
          return work;
        },
};

// The length is that of the cache that goes out; without it, that of the cache that comes in and of what is new.
constexpr Formula onnx_group_query_attention{
    .counts = {{Kind::attention, "heads x L x S x 2 E, cached keys and values included"},
               {Kind::softmax, "heads x L x S"}},
    .work =
        [](const OpView& op) {
          const Tensor& query = op.in(0);
          Count length = size_from_end(query, 2);
          if (op.op.out.size() > 1 && op.op.out[1] != kNone) {
            length = size_from_end(op.out(1), 2);
          } else if (op.has_in(1)) {
            length += size_from_end(op.in(1), 2);
          }
          return attended(op.out(), op.out(), length, leading(query) * length * attr_as<std::int64_t>(op, "heads"));
        },
};

// For each token: each head of the keys adds the outer product of a key and a value to the state; with a delta rule it
// first reads the state for that key; each head of the queries reads the state once.
constexpr Formula onnx_linear_attention{
    .counts = {{Kind::attention, "per token and head: the state is read, and a product is added to it"}},
    .work =
        [](const OpView& op) {
          const auto queries = attr_as<std::int64_t>(op, "q_heads"), keys = attr_as<std::int64_t>(op, "kv_heads");
          if (queries < 1 || keys < 1) throw Error("needs the attributes q_num_heads and kv_num_heads");
          const Count key_size = Count(size_from_end(op.in(0), 1).value() / static_cast<std::uint64_t>(queries));
          const Count value_size = Count(size_from_end(op.in(2), 1).value() / static_cast<std::uint64_t>(keys));
          const Count products = Count(queries) + Count(keys) * (attr_as<bool>(op, "delta") ? 2 : 1);
          Work work;
          work[Kind::attention] = leading(op.in(0)) * key_size * value_size * products;
          return work;
        },
};

// The loader computes it, because it depends on the attributes of the ONNX node.
constexpr Formula onnx_fused{
    .counts = {{Kind::contraction, "all products of the parts that it is made of"},
               {Kind::attention, "those of two activations"},
               {Kind::bias, "output elements of its parts"},
               {Kind::softmax, "heads x L x S"}},
    .work =
        [](const OpView& op) {
          Work work;
          for (const Kind kind : {Kind::contraction, Kind::attention, Kind::bias, Kind::softmax}) {
            const std::string_view name = kKindNames[static_cast<std::size_t>(kind)];
            if (!op.attr(name)) continue;
            const auto count = attr_as<std::int64_t>(op, name);
            if (count < 0) throw NotCounted("its sizes are not known");
            work[kind] = count;
          }
          return work;
        },
};

constexpr Formula onnx_linear_model{
    .counts = {{Kind::contraction, "rows x coefficients"}},
    .work =
        [](const OpView& op) {
          const Tensor& x = op.in(0);
          Work work;
          work[Kind::contraction] =
              (x.shape.size() < 2 ? Count(1) : leading(x)) * attr_as<std::int64_t>(op, "coefficients");
          return work;
        },
};

}  // namespace thoplw::work

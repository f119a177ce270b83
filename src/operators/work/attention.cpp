// Formulas of attention operators: the products of queries, keys and values, and the fused layers around them.
#include "operators/work/formulas.h"

namespace thoplw::work {
namespace {

/// Self-attention of N sequences with one weight [3E, E] for all projections, and one [E, E] for the result.
Work projections_and_products(const Tensor& query, const Tensor& key, const Tensor& value) {
  const Count embed = size_from_end(query, 1);
  const Count batch = leading(query, 2);
  const Count length = size_from_end(query, 2);
  const Count source = size_from_end(key, 2);
  const Count projected = leading(query) * 2 + leading(key) + leading(value);
  Work work;
  // All heads together are as wide as the embedding, in both products.
  work[Kind::contraction] = projected * embed * embed;
  work[Kind::attention] = batch * length * source * embed * 2;
  work[Kind::bias] = projected * embed;
  return work;
}

/// Of nested tensors: the i-th sequence of queries goes with the i-th sequence of keys.
Work attention_by_parts(const OpView& op) {
  const std::vector<Dims> queries = parts_of(op, 0), keys = parts_of(op, 1), values = parts_of(op, 2);
  Work work;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const Tensor query{.shape = queries[i]}, key{.shape = keys.at(i)};
    const Count scores = leading(query) * size_from_end(key, 2);
    work[Kind::attention] += scores * (Count(queries[i].back()) + Count(values.at(i).back()));
    work[Kind::softmax] += scores;
  }
  return work;
}

}  // namespace

// out[..., L, Ev] has the batch and the heads of the queries, also if groups of heads share keys.
constexpr Formula attention{
    .counts = {{Kind::attention, "heads x L x S x (E of the keys + E of the values)"},
               {Kind::softmax, "heads x L x S"}},
    .reads = Reads::stored,
    .work =
        [](const OpView& op) {
          const Tensor& query = op.in(0);
          const Tensor& key = op.in(1);
          const Tensor& value = op.in(2);
          if (query.stored >= 0 || key.stored >= 0 || value.stored >= 0) return attention_by_parts(op);
          const Count scores = leading(op.out()) * size_from_end(key, 2);
          Work work;
          work[Kind::attention] = scores * (size_from_end(query, 1) + size_from_end(value, 1));
          work[Kind::softmax] = scores;
          return work;
        },
};

// One product computes the scores again; four give the gradients of the scores, values, queries and keys.
constexpr Formula attention_backward{
    .counts = {{Kind::attention, "heads x L x S x (3 E of the keys + 2 E of the values)"},
               {Kind::softmax, "heads x L x S"}},
    .work =
        [](const OpView& op) {
          const Count scores = leading(op.in(1)) * size_from_end(op.in(2), 2);
          Work work;
          work[Kind::attention] = scores * (size_from_end(op.in(1), 1) * 3 + size_from_end(op.in(3), 1) * 2);
          work[Kind::softmax] = scores;
          return work;
        },
};

// If the starts of sequences are among the tensors, the sequences are concatenated, and their lengths are data.
constexpr Formula attention_by_position{
    .counts = {{Kind::attention, "heads x L x S x (E of the keys + E of the values)"},
               {Kind::softmax, "heads x L x S"}},
    .work =
        [](const OpView& op) {
          for (std::size_t i = 3; i < op.op.in.size(); ++i) {
            if (op.has_in(i) && op.in(i).shape.size() == 1) throw NotCounted("the lengths of the sequences are data");
          }
          const Count length = size_from_end(op.in(1), 3);
          const Count scores = leading(op.in(0)) * length;
          Work work;
          work[Kind::attention] = scores * (size_from_end(op.in(0), 1) + size_from_end(op.in(2), 1));
          work[Kind::softmax] = scores;
          return work;
        },
};

// (query, key, value, qkv_weight, qkv_bias, proj_weight, proj_bias, mask)
constexpr Formula multi_head_attention{
    .counts = {{Kind::contraction, "the four projections"},
               {Kind::attention, "both products"},
               {Kind::bias, "output elements of the projections"}},
    .work = [](const OpView& op) { return projections_and_products(op.in(0), op.in(1), op.in(2)); },
};

// (src, qkv_weight, qkv_bias, proj_weight, proj_bias, two norms' weights and biases, w1, b1, w2, b2, mask)
constexpr Formula encoder_layer{
    .counts = {{Kind::contraction, "the four projections and both linear layers"},
               {Kind::attention, "both products"},
               {Kind::bias, "output elements of the projections and linear layers"},
               {Kind::activation, "output elements of the first linear layer"},
               {Kind::norm, "2 x input elements"}},
    .work =
        [](const OpView& op) {
          const Tensor& source = op.in(0);
          const Tensor& first = op.in(9);
          const Tensor& second = op.in(11);
          const Count positions = leading(source);
          Work work = projections_and_products(source, source, source);
          work[Kind::contraction] += positions * (numel(first) + numel(second));
          work[Kind::bias] += positions * (numel(op.in(10)) + numel(op.in(12)));
          work[Kind::activation] = positions * numel(op.in(10));
          work[Kind::norm] = numel(source) * 2;
          return work;
        },
};

}  // namespace thoplw::work

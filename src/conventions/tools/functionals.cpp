// The formulas that DeepSpeed's profiler and calflops have in common.
#include "conventions/tools/functionals.h"

#include <optional>
#include <string>
#include <variant>

#include "conventions/tools/subscripts.h"

namespace thoplw::tools::functionals {
namespace {

struct Cell {
  std::int64_t gates;
  std::uint64_t per_hidden;  ///< operations on each hidden element, besides the products
};

Cell cell_of(const CallView& call) {
  const std::string_view cls = call.trace.class_of(call.call.module).name;
  if (cls.find("LSTM") != cls.npos) return {4, 10};
  return cls.find("GRU") != cls.npos ? Cell{3, 7} : Cell{1, 1};
}

/// A product of a matrix and a vector: one addition less than it has multiplications, in each row.
Count by_vector(const Tensor& matrix) { return numel(matrix) * 2 - Count(size_at(matrix, 0)); }

/// One step of one layer or cell; the names of its parameters end in `suffix`.
std::optional<Count> step(const CallView& call, const std::string& suffix) {
  const Tensor* input = call.param("weight_ih" + suffix);
  const Tensor* hidden = call.param("weight_hh" + suffix);
  if (!input || !hidden) return std::nullopt;
  const Cell cell = cell_of(call);
  Count sum = by_vector(*input) + by_vector(*hidden) + Count(size_at(*hidden, 0) / cell.gates) * cell.per_hidden;
  for (const char* name : {"bias_ih", "bias_hh"}) {
    if (const Tensor* bias = call.param(name + suffix)) sum += numel(*bias);
  }
  return sum;
}

/// Places of the result. They take padding by name for the same on both sides, which that of an even kernel is not.
Count places(const OpView& op) {
  const Tensor& y = op.out();
  Count product = size_at(y, 0);
  for (std::size_t i = 2; i < y.shape.size(); ++i) {
    const bool uneven = padded_by_name(op) && size_at(op.in(1), i) % 2 == 0 && size_at(op.in(0), i) == y.shape[i];
    product *= y.shape[i] - (uneven ? 1 : 0);
  }
  return product;
}

}  // namespace

/// The first two sizes are samples and steps, in either order. A second direction is as the first.
Work recurrent(const CallView& call) {
  Count once = 0;
  for (int layer = 0; const std::optional<Count> sum = step(call, "_l" + std::to_string(layer)); ++layer) once += *sum;
  const Count positions = Count(size_at(call.in(), 0)) * size_at(call.in(), 1);
  return only(Kind::contraction, once * positions * (call.param("weight_ih_l0_reverse") ? 2 : 1));
}

Work recurrent_cell(const CallView& call) {
  return only(Kind::contraction, step(call, "").value_or(0) * size_at(call.in(), 0));
}

Work linear(const OpView& op) { return only(Kind::contraction, numel(op.in(0)) * size_at(op.in(1), 0) * 2); }

Work convolution(const OpView& op) {
  const Tensor& weight = op.in(1);
  Work cost = only(Kind::contraction, numel(weight) * places(op) * 2);
  if (op.has_in(2)) cost[Kind::bias] = places(op) * size_at(weight, 0);
  return cost;
}

Work batch_norm(const OpView& op) {
  const int statistics = op.has_in(3) ? 0 : 3;
  return only(Kind::norm, numel(op.in(0)) * (statistics + (op.has_in(1) ? 2 : 1)));
}

Work norm(const OpView& op) { return only(Kind::norm, numel(op.in(0)) * (op.has_in(1) ? 5 : 4)); }

Work matmul(const OpView& op) { return only(Kind::contraction, product(op.in(0), op.in(1)) * 2); }

Work added_matmul(const OpView& op) {
  Work cost = only(Kind::contraction, product(op.in(1), op.in(2)) * 2);
  cost[Kind::bias] = numel(op.in(0));
  return cost;
}

Work einsum(const OpView& op) { return only(Kind::contraction, numpy_estimate(Einsum(op))); }

Work multi_head_attention(const OpView& op, bool knows_attention) {
  const Work work = work::multi_head_attention(op);
  Work cost = only(Kind::contraction, work[Kind::contraction] * 2);
  if (knows_attention) cost[Kind::attention] = work[Kind::attention] * 2;
  if (const AttrValue* weights = op.attr("need_weights"); !weights || *weights == AttrValue(false)) return cost;
  const Count heads = work::attr_as<std::int64_t>(op, "num_head");
  cost[Kind::softmax] = heads * work::leading(op.in(0)) * work::size_from_end(op.in(1), 2);
  if (!op.has_in(7)) return cost;
  const AttrValue* type = op.attr("mask_type");
  const bool of_keys = type && *type == AttrValue(std::int64_t{1});  // a row for all queries, which each head adds
  cost[Kind::bias] = numel(op.in(7)) * (of_keys ? heads : Count(1));
  if (!knows_attention) cost[Kind::attention] = work[Kind::attention];  // of two products the one that adds the mask
  return cost;
}

Work encoder_layer(const OpView& op, bool knows_attention) {
  const Work work = work::encoder_layer(op);
  Work cost = only(Kind::contraction, work[Kind::contraction] * 2);
  if (knows_attention) cost[Kind::attention] = work[Kind::attention] * 2;
  cost[Kind::norm] = work[Kind::norm] * 5;
  return cost;
}

Work interpolation(const OpView& op, Count (*by_factor)(const OpView& op, double factor)) {
  const AttrValue* asked = op.attr("asked");
  const auto* size = asked ? std::get_if<std::int64_t>(asked) : nullptr;
  const auto* sizes = asked ? std::get_if<Dims>(asked) : nullptr;
  const auto* factor = asked ? std::get_if<double>(asked) : nullptr;
  const auto elements = [](const Tensor& tensor) { return static_cast<double>(numel(tensor).value()); };
  const Count once = size    ? Count(*size)
                     : sizes ? numel(*sizes)
                             : by_factor(op, factor ? *factor : elements(op.out()) / elements(op.in(0)));
  return only(Kind::resize, once * (op.attr("upsample") ? 2 : 1));  // which they replace too
}

Work pooled_interpolation(const OpView& op, Work (*interpolate)(const OpView&)) {
  Work cost = per_input<Kind::pool>(op);
  if (op.attr("asked")) cost += interpolate(op);
  return cost;
}

}  // namespace thoplw::tools::functionals

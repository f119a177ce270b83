// Formulas of convolutions, matrix products and their kin, in multiply-adds.
#include <algorithm>
#include <string>

#include "operators/work/formulas.h"

namespace thoplw::work {
namespace {

Work contraction(Count multiply_adds) {
  Work work;
  work[Kind::contraction] = multiply_adds;
  return work;
}

Work with_bias(Work work, const OpView& op, std::size_t argument) {
  if (op.has_in(argument)) work[Kind::bias] = numel(op.out());
  return work;
}

/// Batch and positions of an activation, batched or not: all sizes but that of the channels.
Count batch_and_positions(const Tensor& activation, const Tensor& weight) {
  const std::size_t rank = weight.shape.size();
  if (rank < 2 || (activation.shape.size() != rank && activation.shape.size() + 1 != rank)) {
    throw Error("weight of " + std::to_string(rank) + " dimensions does not fit a tensor of " +
                std::to_string(activation.shape.size()));
  }
  const std::size_t channel = activation.shape.size() + 1 - rank;
  Count product = 1;
  for (std::size_t i = 0; i < activation.shape.size(); ++i) {
    if (i != channel) product *= activation.shape[i];
  }
  return product;
}

void require_inner(Count a, Count b) {
  if (a != b) {
    throw Error("inner sizes differ: " + std::to_string(a.value()) + " and " + std::to_string(b.value()));
  }
}

/// Of two nested tensors: the i-th part is multiplied with the i-th part.
Work product_by_parts(const OpView& op) {
  const std::vector<Dims> a = parts_of(op, 0), b = parts_of(op, 1);
  Count sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += numel(a[i]) * b.at(i).back();
  return contraction(sum);
}

/// Every output element is a sum over the last dimension of `a`. If one operand is sparse or nested, each of its stored
/// elements is multiplied once for each column of `b`, or row of `a`. If both are, the data decide which elements meet.
Work product(const OpView& op, const Tensor& a, const Tensor& b) {
  if (op.attr("parts0") && op.attr("parts1")) return product_by_parts(op);
  const Count inner = size_from_end(a, 1);
  require_inner(inner, size_from_end(b, b.shape.size() == 1 ? 1 : 2));
  if (a.stored >= 0 && b.stored >= 0) throw NotCounted("two operands are sparse or nested");
  if (a.stored >= 0) return contraction(numel(a) * (b.shape.size() == 1 ? Count(1) : size_from_end(b, 1)));
  if (b.stored >= 0) return contraction(numel(b) * leading(a));
  return contraction(numel(op.out()) * inner);
}

/// Elements of a weight for each index of its first dimension.
Count per_first(const Tensor& weight) {
  Count product = 1;
  for (std::size_t i = 1; i < weight.shape.size(); ++i) product *= weight.shape[i];
  return product;
}

/// What is added to a product is a bias if it is smaller than the result, and otherwise a tensor like any other.
Work with_added(Work work, const OpView& op) {
  const bool broadcast = op.in(0).shape != op.out().shape;
  work[broadcast ? Kind::bias : Kind::elementwise] = numel(op.out());
  return work;
}

}  // namespace

// Each weight is used once per position: of the output, or of the input if transposed.
constexpr Formula convolution{
    .counts = {{Kind::contraction, "weight elements x output positions"}, {Kind::bias, "output elements"}},
    .work =
        [](const OpView& op) {
          const Tensor& weight = op.in(1);
          return with_bias(contraction(numel(weight) * batch_and_positions(op.out(), weight)), op, 2);
        },
};

// Offsets say where the samples are. There are as many as in a plain convolution.
constexpr Formula deform_conv{
    .counts = {{Kind::contraction, "weight elements x output positions"}, {Kind::bias, "output elements"}},
    .work =
        [](const OpView& op) {
          return with_bias(contraction(numel(op.in(1)) * batch_and_positions(op.out(), op.in(1))), op, 4);
        },
};

constexpr Formula conv_transpose{
    .counts = {{Kind::contraction, "weight elements x input positions"}, {Kind::bias, "output elements"}},
    .work =
        [](const OpView& op) {
          const Tensor& weight = op.in(1);
          return with_bias(contraction(numel(weight) * batch_and_positions(op.in(0), weight)), op, 2);
        },
};

constexpr Formula either_convolution{
    .counts = {{Kind::contraction, "weight elements x output positions, or x input positions if transposed"},
               {Kind::bias, "output elements"}},
    .work = [](const OpView& op) { return attr_as<bool>(op, "transposed") ? conv_transpose(op) : convolution(op); },
};

// The gradients of the input and of the weight cost a forward each. That of the bias, the only one of one dimension, is
// a sum.
constexpr Formula convolution_backward{
    .counts = {{Kind::contraction,
                "weight elements x positions, once for the input's gradient and once for the weight's"},
               {Kind::reduction, "elements of the gradient that comes in, for the bias"}},
    .work =
        [](const OpView& op) {
          const Tensor& weight = op.in(2);
          const Count once =
              numel(weight) * batch_and_positions(op.in(attr_as<bool>(op, "transposed") ? 1 : 0), weight);
          Work work;
          for (std::size_t i = 0; i < op.op.out.size(); ++i) {
            work[op.out(i).shape.size() > 1 ? Kind::contraction : Kind::reduction] +=
                op.out(i).shape.size() > 1 ? once : numel(op.in(0));
          }
          return work;
        },
};

constexpr Formula conv_tbc{
    .counts = {{Kind::contraction, "weight elements x output positions"}, {Kind::bias, "output elements"}},
    .work = [](const OpView& op) { return with_bias(contraction(numel(op.in(1)) * leading(op.out())), op, 2); },
};

constexpr Formula linear{
    .counts = {{Kind::contraction, "positions x in x out"}, {Kind::bias, "output elements"}},
    .reads = Reads::stored,
    .work =
        [](const OpView& op) {
          const Tensor& input = op.in(0);
          const Tensor& weight = op.in(1);
          require_inner(size_from_end(input, 1), size_from_end(weight, 1));
          if (input.stored >= 0 && weight.stored >= 0) throw NotCounted("two operands are sparse or nested");
          const Count used = weight.stored >= 0 ? numel(weight) * leading(input) : numel(input) * leading(weight);
          return with_bias(contraction(used), op, 2);
        },
};

// A scalar multiplies each element of the other operand; nothing is summed.
constexpr Formula inner{
    .counts = {{Kind::contraction, "output elements x inner size"},
               {Kind::elementwise, "output elements, if one operand is a scalar"}},
    .reads = Reads::stored,
    .work =
        [](const OpView& op) {
          return op.in(0).shape.empty() || op.in(1).shape.empty() ? elementwise(op) : linear(op);
        },
};

// The weight may be packed in any form, so only the input and the output are read.
constexpr Formula packed_linear{
    .counts = {{Kind::contraction, "positions x in x out"}},
    .work = [](const OpView& op) { return contraction(numel(op.out()) * size_from_end(op.in(0), 1)); },
};

// A packed weight may have more dimensions than the tensors. Its first counts the channels of one side; the rest of it
// is used once per element of that side.
constexpr Formula packed_convolution{
    .counts = {{Kind::contraction, "weight elements x output positions"}},
    .work = [](const OpView& op) { return contraction(per_first(op.in(1)) * numel(op.out())); },
};
constexpr Formula packed_conv_transpose{
    .counts = {{Kind::contraction, "weight elements x input positions"}},
    .work = [](const OpView& op) { return contraction(per_first(op.in(1)) * numel(op.in(0))); },
};

// Products are needed only where the first operand, a sparse one, stores an element.
constexpr Formula sampled_product{
    .counts = {{Kind::contraction, "stored elements x inner size"}},
    .reads = Reads::stored,
    .work = [](const OpView& op) { return contraction(numel(op.in(0)) * size_from_end(op.in(1), 1)); },
};

// One multiply-add per pair and coordinate, whatever the norm.
constexpr Formula distances{
    .counts = {{Kind::contraction, "pairs x coordinates"}},
    .work = [](const OpView& op) { return contraction(numel(op.out()) * size_from_end(op.in(0), 1)); },
};

// Each place multiplies the matrix by the coordinates of that place and a 1: one number per column of the matrix.
constexpr Formula affine_grid{
    .counts = {{Kind::contraction, "output elements x columns of the matrix"}},
    .work = [](const OpView& op) { return distances(op); },
};

constexpr Formula matmul{
    .counts = {{Kind::contraction, "output elements x inner size"}},
    .reads = Reads::stored,
    .work = [](const OpView& op) { return product(op, op.in(0), op.in(1)); },
};

constexpr Formula addmm{
    .counts = {{Kind::contraction, "output elements x inner size"},
               {Kind::bias, "output elements, if what is added is smaller than the output"},
               {Kind::elementwise, "output elements, if it is not"}},
    .reads = Reads::stored,
    .work = [](const OpView& op) { return with_added(product(op, op.in(1), op.in(2)), op); },
};

// The added tensor is a mask in practice (attention scores), never a bias.
constexpr Formula baddbmm{
    .counts = {{Kind::contraction, "output elements x inner size"}, {Kind::elementwise, "output elements"}},
    .reads = Reads::stored,
    .work =
        [](const OpView& op) {
          Work work = product(op, op.in(1), op.in(2));
          work[Kind::elementwise] = numel(op.out());
          return work;
        },
};

constexpr Formula addbmm{
    .counts = {{Kind::contraction, "batch x output elements x inner size"},
               {Kind::bias, "output elements, if what is added is smaller than the output"},
               {Kind::elementwise, "output elements, if it is not"}},
    .work =
        [](const OpView& op) {
          require_inner(size_from_end(op.in(1), 1), size_from_end(op.in(2), 2));
          return with_added(contraction(numel(op.in(1)) * size_from_end(op.in(2), 1)), op);
        },
};

// If `a` or `b` has one matrix per group, every output element is one inner product. If both are plain matrices, the
// groups divide the inner dimension among them.
constexpr Formula grouped_mm{
    .counts = {{Kind::contraction, "rows x in x out"}},
    .work =
        [](const OpView& op) {
          const Tensor& a = op.in(0);
          const Tensor& b = op.in(1);
          if (a.shape.size() == 2 && b.shape.size() == 2) return contraction(numel(a) * size_from_end(b, 1));
          return contraction(numel(op.out()) * size_from_end(a, 1));
        },
};

constexpr Formula tensordot{
    .counts = {{Kind::contraction, "output elements x the sizes that are summed over"}},
    .work =
        [](const OpView& op) {
          const Tensor& a = op.in(0);
          const auto rank = static_cast<std::int64_t>(a.shape.size());
          Count inner = 1;
          for (std::int64_t dim : attr_as<Dims>(op, "dims_self")) {
            if (dim < -rank || dim >= rank) throw Error("dims_self names a dimension that the tensor does not have");
            inner *= a.shape[static_cast<std::size_t>(dim < 0 ? dim + rank : dim)];
          }
          return contraction(numel(op.out()) * inner);
        },
};

constexpr Formula bilinear{
    .counts = {{Kind::contraction, "weight elements x positions"}, {Kind::bias, "output elements"}},
    .work =
        [](const OpView& op) {
          const Tensor& weight = op.in(2);
          return with_bias(contraction(numel(weight) * leading(op.in(0))), op, 3);
        },
};

// `expand` says where each operand gets dimensions of size 1. Then all are broadcast and multiplied.
constexpr Formula trilinear{
    .counts = {{Kind::contraction, "the product of all sizes that take part"}},
    .work =
        [](const OpView& op) {
          constexpr std::string_view kExpand[] = {"expand1", "expand2", "expand3"};
          Dims sizes;
          for (std::size_t operand = 0; operand < 3; ++operand) {
            Dims shape = op.in(operand).shape;
            Dims added = attr_as<Dims>(op, kExpand[operand]);
            std::sort(added.begin(), added.end());
            for (std::int64_t dim : added) {
              if (dim < 0 || dim > static_cast<std::int64_t>(shape.size()))
                throw Error("an expanded dimension is out of range");
              shape.insert(shape.begin() + dim, 1);
            }
            sizes.resize(std::max(sizes.size(), shape.size()), 1);
            for (std::size_t i = 0; i < shape.size(); ++i) sizes[i] = std::max(sizes[i], shape[i]);
          }
          return contraction(numel(sizes));
        },
};

}  // namespace thoplw::work

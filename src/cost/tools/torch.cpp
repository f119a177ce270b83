// torch.utils.flop_counter.FlopCounterMode: operators below autograd, two FLOPs per multiply-add.
#include "cost/formulas.h"
#include "cost/tools/tools.h"

namespace thoplw::tools {
namespace {

/// A matrix by a vector is an operator that it has no formula for; a vector by a matrix is a product of matrices.
Work matmul(const OpView& op) {
  return only(Kind::contraction, op.in(1).shape.size() == 1 ? Count(0) : work::matmul(op).products() * 2);
}

/// Of two matrices only.
Work inner(const OpView& op) {
  const bool vectors = op.in(0).shape.size() < 2 && op.in(1).shape.size() < 2;
  return only(Kind::contraction, vectors ? Count(0) : work::inner(op).products() * 2);
}

// Products that it has no formula for, below which there is none that it has.
constexpr OpRule kOperators[] = {
    {"aten::_grouped_mm", free_of_charge},
    {"aten::_scaled_grouped_mm", free_of_charge},
    {"aten::_trilinear", free_of_charge},
    {"aten::addbmm", free_of_charge},
    {"aten::addmv", free_of_charge},
    {"aten::bilinear", free_of_charge},
    {"aten::cdist", free_of_charge},
    {"aten::dot", free_of_charge},
    {"aten::inner", inner},
    {"aten::matmul", matmul},
    {"aten::mv", free_of_charge},
    {"aten::vdot", free_of_charge},
    {"torchvision::deform_conv2d", free_of_charge},
};

}  // namespace

constinit const Convention kTorch = {
    .name = "torch",
    .doc =
        "what torch's FlopCounterMode prints on a GPU or on meta: two FLOPs per multiply-add of products, nothing "
        "else; every parameter once",
    .unit = Unit::flop,
    .price = {2, 2},
    .op_rules = kOperators,
    .tool = {.version = "torch 2.13.0",
             .source = "https://github.com/pytorch/pytorch/blob/main/torch/utils/flop_counter.py",
             .gaps = "nothing for products of vectors, grouped and trilinear products; on a CPU, unlike here, nothing "
                     "for scaled_dot_product_attention, LSTM and fused layers"},
};

}  // namespace thoplw::tools

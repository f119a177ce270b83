// torch.utils.flop_counter.FlopCounterMode: operators below autograd, two FLOPs per multiply-add.
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

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
    {"_quantized::_wrapped_quantized_linear_prepacked", free_of_charge},
    {"_quantized::conv2d", free_of_charge},
    {"_quantized::conv2d_relu", free_of_charge},
    {"_quantized::conv3d", free_of_charge},
    {"_quantized::conv3d_relu", free_of_charge},
    {"_quantized::conv_transpose1d", free_of_charge},
    {"_quantized::conv_transpose2d", free_of_charge},
    {"_quantized::linear", free_of_charge},
    {"_quantized::linear_dynamic", free_of_charge},
    {"_quantized::wrapped_fbgemm_linear_fp16_weight", free_of_charge},
    {"_quantized::wrapped_quantized_linear", free_of_charge},
    {"aten::_cholesky_solve_helper", free_of_charge},
    {"aten::_grouped_mm", free_of_charge},
    {"aten::_linalg_det", free_of_charge},
    {"aten::_linalg_slogdet", free_of_charge},
    {"aten::_linalg_solve_ex", free_of_charge},
    {"aten::_lu_with_info", free_of_charge},
    {"aten::_scaled_dot_product_flash_attention_for_cpu_backward", free_of_charge},
    {"aten::_scaled_dot_product_fused_attention_overrideable_backward", free_of_charge},
    {"aten::_scaled_grouped_mm", free_of_charge},
    {"aten::_trilinear", free_of_charge},
    {"aten::_triton_scaled_dot_attention", free_of_charge},
    {"aten::addbmm", free_of_charge},
    {"aten::addmv", free_of_charge},
    {"aten::bilinear", free_of_charge},
    {"aten::cdist", free_of_charge},
    {"aten::cholesky", free_of_charge},
    {"aten::cholesky_inverse", free_of_charge},
    {"aten::cholesky_solve", free_of_charge},
    {"aten::convolution_backward_overrideable", free_of_charge},
    {"aten::det", free_of_charge},
    {"aten::dot", free_of_charge},
    {"aten::geqrf", free_of_charge},
    {"aten::inner", inner},
    {"aten::inverse", free_of_charge},
    {"aten::linalg_cholesky", free_of_charge},
    {"aten::linalg_cholesky_ex", free_of_charge},
    {"aten::linalg_det", free_of_charge},
    {"aten::linalg_householder_product", free_of_charge},
    {"aten::linalg_inv", free_of_charge},
    {"aten::linalg_inv_ex", free_of_charge},
    {"aten::linalg_lu", free_of_charge},
    {"aten::linalg_lu_factor", free_of_charge},
    {"aten::linalg_lu_factor_ex", free_of_charge},
    {"aten::linalg_lu_solve", free_of_charge},
    {"aten::linalg_qr", free_of_charge},
    {"aten::linalg_slogdet", free_of_charge},
    {"aten::linalg_solve", free_of_charge},
    {"aten::linalg_solve_ex", free_of_charge},
    {"aten::linalg_solve_triangular", free_of_charge},
    {"aten::logdet", free_of_charge},
    {"aten::lu_solve", free_of_charge},
    {"aten::matmul", matmul},
    {"aten::mv", free_of_charge},
    {"aten::orgqr", free_of_charge},
    {"aten::ormqr", free_of_charge},
    {"aten::slogdet", free_of_charge},
    {"aten::triangular_solve", free_of_charge},
    {"aten::vdot", free_of_charge},
    {"bitsandbytes::gemm_4bit", free_of_charge},
    {"bitsandbytes::gemv_4bit", free_of_charge},
    {"bitsandbytes::int8_linear_matmul", free_of_charge},
    {"bitsandbytes::int8_mixed_scaled_mm", free_of_charge},
    {"bitsandbytes::int8_scaled_mm", free_of_charge},
    {"flash_attn::_flash_attn_forward", free_of_charge},
    {"mkl::_mkl_linear", free_of_charge},
    {"mkldnn::_linear_pointwise", free_of_charge},
    {"pyg::segment_matmul", free_of_charge},
    {"quanto::qbits_mm", free_of_charge},
    {"quanto::qbytes_mm", free_of_charge},
    {"torchvision::deform_conv2d", free_of_charge},
};

}  // namespace

constinit const Convention kTorch = {
    .name = "torch",
    .doc =
        "what torch's FlopCounterMode prints on a GPU or the meta device: two FLOPs per multiply-add of products, "
        "nothing else; every parameter once",
    .unit = Unit::flop,
    .prices = {{Kind::contraction, 2}, {Kind::attention, 2}},
    .op_rules = kOperators,
    .tool =
        {.version = "torch 2.13.0",
         .source = "https://github.com/pytorch/pytorch/blob/main/torch/utils/flop_counter.py",
         .gaps =
             "nothing for products of vectors, grouped and trilinear products, solvers and packed weights; on a CPU "
             "the tool counts nothing for scaled_dot_product_attention, LSTM and fused layers, and thoplw does"},
};

}  // namespace thoplw::tools

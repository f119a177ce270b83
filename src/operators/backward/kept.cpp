// Which tensors an operator keeps for backward: by its lowering, by an operator that it is another name of, or by the
// generated row.
#include "operators/backward/kept.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "operators/backward/keeping.h"
#include "operators/backward/lowerings.h"
#include "operators/backward/saved_row.h"

namespace thoplw {
namespace {

struct Composite {
  std::string_view name;
  Lowering lower;
  std::string_view attrs = "";  ///< that it reads, besides Rule::attrs
};

constexpr std::string_view kOfDropout = "p train";
constexpr std::string_view kOfLayers = "num_layers dropout train bidirectional batch_first";

/// Composite operators that keep something, or free something that they made.
constexpr Composite kComposites[] = {
    // clang-format off
    {"aten::_batch_norm_impl_index", lower::batch_norm_index},
    {"aten::_convolution", lower::convolution},
    {"aten::_convolution_mode", lower::convolution, "padding dilation"},
    {"aten::_fused_rms_norm", lower::rms_norm, "normalized_shape"},
    {"aten::_lu_with_info", lower::lu_factor},
    {"aten::_pad_enum", lower::pad},
    {"aten::_scaled_dot_product_attention_math", lower::attention_math, "dropout_p is_causal scale enable_gqa"},
    {"aten::_weight_norm", lower::weight_norm, "dim"},
    {"aten::adaptive_avg_pool1d", lower::adaptive_avg_pool1d},
    {"aten::adaptive_avg_pool2d", lower::adaptive_avg_pool2d},
    {"aten::adaptive_avg_pool3d", lower::adaptive_avg_pool3d},
    {"aten::adaptive_max_pool1d", lower::max_pool_with_indices},
    {"aten::alpha_dropout", lower::alpha_dropout, kOfDropout},
    {"aten::avg_pool1d", lower::first_input},
    {"aten::batch_norm", lower::batch_norm, "training"},
    {"aten::bilinear", lower::bilinear},
    {"aten::cdist", lower::inputs_and_result},
    {"aten::conv1d", lower::convolution, "dilation"},
    {"aten::conv2d", lower::convolution, "dilation"},
    {"aten::conv3d", lower::convolution, "dilation"},
    {"aten::conv_transpose1d", lower::convolution},
    {"aten::conv_transpose2d", lower::convolution},
    {"aten::conv_transpose3d", lower::convolution},
    {"aten::det", lower::determinant},
    {"aten::dropout", lower::dropout, kOfDropout},
    {"aten::einsum", lower::einsum},
    {"aten::feature_alpha_dropout", lower::feature_alpha_dropout, kOfDropout},
    {"aten::feature_dropout", lower::feature_dropout, kOfDropout},
    {"aten::float_power", lower::float_power, "self"},
    {"aten::grid_sampler", lower::both_inputs},
    {"aten::group_norm", lower::group_norm},
    {"aten::gru", lower::gru, kOfLayers},
    {"aten::gru_cell", lower::gru_cell},
    {"aten::inner", lower::inner},
    {"aten::instance_norm", lower::instance_norm, "use_input_stats"},
    {"aten::inverse", lower::result},
    {"aten::layer_norm", lower::layer_norm},
    {"aten::linalg_cholesky", lower::result},
    {"aten::linalg_det", lower::determinant},
    {"aten::linalg_inv", lower::result},
    {"aten::linalg_lu_factor", lower::lu_factor},
    {"aten::linalg_matmul", lower::matmul},
    {"aten::linalg_norm", lower::vector_norm, "ord dim"},
    {"aten::linalg_slogdet", lower::sign_and_log_determinant},
    {"aten::linalg_solve", lower::solve},
    {"aten::linalg_solve_ex", lower::solve},
    {"aten::linear", lower::linear},
    {"aten::log_sigmoid", lower::log_sigmoid},
    {"aten::log_softmax", lower::result},
    {"aten::logdet", lower::log_determinant},
    {"aten::lstm", lower::lstm, kOfLayers},
    {"aten::lstm_cell", lower::lstm_cell},
    {"aten::lu_solve", lower::lu_solve},
    {"aten::matmul", lower::matmul},
    {"aten::max_pool1d", lower::max_pool1d},
    {"aten::max_pool1d_with_indices", lower::max_pool_with_indices},
    {"aten::max_pool2d", lower::max_pool},
    {"aten::max_pool3d", lower::max_pool},
    {"aten::msort", lower::msort},
    {"aten::nanmean", lower::nanmean},
    {"aten::pad", lower::pad, "mode"},
    {"aten::prelu", lower::both_inputs},
    {"aten::repeat_interleave", lower::repeat_interleave, "dim"},
    {"aten::rms_norm", lower::rms_norm},
    {"aten::rnn_relu", lower::rnn, kOfLayers},
    {"aten::rnn_relu_cell", lower::rnn_cell},
    {"aten::rnn_tanh", lower::rnn, kOfLayers},
    {"aten::rnn_tanh_cell", lower::rnn_cell},
    {"aten::rrelu", lower::rrelu},
    {"aten::scaled_dot_product_attention", lower::attention, "dropout_p is_causal scale enable_gqa"},
    {"aten::slogdet", lower::sign_and_log_determinant},
    {"aten::softmax", lower::result},
    {"aten::take_along_dim", lower::take_along_dim},
    {"aten::tensordot", lower::tensordot, "dims_other"},
    {"aten::trapezoid", lower::trapezoid, "dim"},
    {"aten::trapz", lower::trapezoid, "dim"},
    {"torchvision::deform_conv2d", lower::all_inputs},
    {"torchvision::nms", lower::nothing},
    {"torchvision::ps_roi_align", lower::regions_and_places},
    {"torchvision::ps_roi_pool", lower::regions_and_places},
    {"torchvision::roi_align", lower::second_input},
    {"torchvision::roi_pool", lower::regions_and_places},
    {"transformers::grouped_mm_fallback", lower::both_inputs},
    // clang-format on
};

struct Alias {
  std::string_view name;  ///< without "aten::"
  std::string_view target;
};

/// Composite operators that call one other on the same tensors.
constexpr Alias kAliases[] = {
    // clang-format off
    {"absolute", "abs"}, {"arccos", "acos"}, {"arccosh", "acosh"}, {"arcsin", "asin"}, {"arcsinh", "asinh"},
    {"arctan", "atan"}, {"arctan2", "atan2"}, {"arctanh", "atanh"}, {"clip", "clamp"},
    {"cross", "linalg_cross"}, {"divide", "div"}, {"embedding_bag", "_embedding_bag"}, {"fix", "trunc"}, {"frobenius_norm", "linalg_vector_norm"},
    {"ger", "mul"}, {"kron", "mul"}, {"multiply", "mul"}, {"negative", "neg"}, {"orgqr", "linalg_householder_product"},
    {"outer", "mul"}, {"relu6", "hardtanh"}, {"selu", "elu"}, {"slow_conv3d", "convolution"}, {"square", "pow"},
    {"subtract", "sub"}, {"thnn_conv2d", "convolution"}, {"true_divide", "div"},
    // clang-format on
};

/// Operators without a row that keep nothing: views, copies, comparisons, questions, sums of parts.
constexpr std::string_view kNothing[] = {
    // clang-format off
    "__and__", "__iand__", "__ior__", "__ixor__", "__or__", "__xor__", "_cast_Byte", "_cast_Char", "_cast_Double",
    "_cast_Float", "_cast_Half", "_cast_Int", "_cast_Long", "_cast_Short", "_has_compatible_shallow_copy_type",
    "_is_zerotensor", "_pad_circular", "_pad_packed_sequence", "_reshape_from_tensor", "_shape_as_tensor", "_to_cpu", "_unpack_dual",
    "_version", "adjoint", "argsort", "argwhere", "as_tensor", "atleast_1d", "atleast_2d", "atleast_3d",
    "broadcast_tensors", "broadcast_to", "can_cast", "cartesian_prod", "chalf", "chunk", "column_stack", "concat", "concatenate", "conj",
    "conj_physical", "contiguous", "copy", "cpu", "cuda", "device", "diag", "diagflat", "diff", "dim", "dsplit", "dstack",
    "element_size", "empty", "expand_as", "fill_diagonal", "flatten", "flatten_dense_tensors", "fliplr", "flipud",
    "get_device", "greater", "greater_equal", "hsplit", "hstack", "imag", "is_complex", "is_conj", "is_contiguous",
    "is_floating_point", "is_inference", "is_leaf", "is_neg", "is_non_overlapping_and_dense", "is_nonzero",
    "is_signed", "is_strides_like_format", "isclose", "isfinite", "isreal", "item", "len", "less", "less_equal", "mH",
    "mT", "matrix_H", "meshgrid", "moveaxis", "movedim", "narrow", "native_channel_shuffle", "nonzero_numpy",
    "not_equal", "numel", "numpy_T", "one_hot", "pad_sequence", "pin_memory", "positive", "promote_types", "rand", "randn", "ravel",
    "real", "requires_grad", "reshape", "reshape_as", "resolve_conj", "resolve_neg", "result_type", "retain_grad",
    "row_stack", "set_data", "size", "sparse_coo_tensor", "split", "storage_offset", "stride", "sum_to_size",
    "swapaxes", "swapdims", "sym_is_contiguous", "sym_numel", "sym_size", "sym_storage_offset", "sym_stride", "tensor",
    "tensor_split", "tile", "to", "type_as", "unflatten", "unflatten_dense_tensors", "unsafe_chunk", "view_as",
    "vsplit", "vstack",
    // clang-format on
};

static_assert(std::ranges::is_sorted(kComposites, {}, &Composite::name));
static_assert(std::ranges::is_sorted(kAliases, {}, &Alias::name));
static_assert(std::ranges::is_sorted(kNothing));

constexpr std::string_view kAten = "aten::";

bool is_in_place(std::string_view name) { return name.ends_with('_') && !name.ends_with("__"); }

template <class Rows>
auto find(const Rows& rows, std::string_view name) {
  const auto* row = std::ranges::lower_bound(rows, name, {}, &std::ranges::range_value_t<Rows>::name);
  return row != std::end(rows) && row->name == name ? row : nullptr;
}

/// The operator's numbers of inputs that one of the row's arguments stands for.
struct Inputs {
  const GradOp& op;
  const SavedRow& row;

  template <class F>
  void each(Numbers arguments, F f) const {
    const int tensors = static_cast<int>(op.op.in.size());
    const int longer = row.list == SavedRow::kNoList ? 0 : tensors - row.tensors;
    for (int i = 0, at = 0; i < row.tensors; ++i) {
      const int count = i == row.list ? longer + 1 : 1;
      if (arguments >> i & 1) {
        for (int j = 0; j < count; ++j) f(static_cast<std::size_t>(at + j));
      }
      at += count;
    }
  }

  bool need(Numbers arguments) const {
    bool any = false;
    each(arguments, [&](std::size_t i) { any |= op.need(i); });
    return any;
  }
};

void keep_by(const SavedRow& row, Keeping& k) {
  const Inputs inputs{k.op, row};
  if (!inputs.need(row.differentiable)) return;
  const auto keep = [&](std::size_t i) { k.input(i); };
  inputs.each(row.inputs, keep);
  for (const SavedRow::Guard& guard : row.guards) {
    if (inputs.need(guard.needs)) inputs.each(guard.kept, keep);
  }
  for (std::size_t i = 0; i < k.op.op.out.size(); ++i) {
    if (row.outputs >> i & 1) k.output(i);
  }
}

/// The operator without its namespace, under the name that torch calls it by in the end.
std::string_view target_of(const OpView& op, std::string_view name) {
  if (op.op.in.size() > 1 && name == "max") return "maximum";
  if (op.op.in.size() > 1 && name == "min") return "minimum";
  const Alias* alias = find(kAliases, name);
  return alias ? alias->target : name;
}

Kept nothing_known(const GradOp& op) { return {.tensors = {}, .known = !op.need_any(), .inside = false}; }

/// `name` has no namespace. An in-place operator with no row of its own overwrites what the row of the other one keeps.
Kept by_row(const GradOp& op, std::string_view name) {
  const bool in_place = is_in_place(name);
  const std::string target(target_of(op, in_place ? name.substr(0, name.size() - 1) : name));
  const SavedRow* own = in_place ? saved_row(op, target + "_") : nullptr;
  const SavedRow* row = own ? own : saved_row(op, target);
  if (!row) return nothing_known(op);
  Keeping k(op, in_place && !own);
  keep_by(*row, k);
  return k.take();
}

/// What a lowering cannot make sense of is not known.
Kept lowered(const Composite& composite, const GradOp& op, bool in_place) {
  try {
    Keeping k(op, in_place);
    composite.lower(k);
    return k.take();
  } catch (const Error&) {
    return nothing_known(op);
  } catch (const std::out_of_range&) {
    return nothing_known(op);
  }
}

}  // namespace

Kept kept(const GradOp& op) {
  const std::string_view name = op.trace.op_name(op.op);
  const bool in_place = is_in_place(name);
  const std::string_view plain = in_place ? name.substr(0, name.size() - 1) : name;
  if (const Composite* composite = find(kComposites, plain)) return lowered(*composite, op, in_place);
  if (!name.starts_with(kAten)) return nothing_known(op);
  if (std::ranges::binary_search(kNothing, plain.substr(kAten.size()))) return {};
  return by_row(op, name.substr(kAten.size()));
}

bool differentiable(std::string_view op_name) {
  if (!op_name.starts_with(kAten)) return true;
  op_name.remove_prefix(kAten.size());
  std::span<const SavedRow> rows = saved_rows(op_name);
  if (rows.empty() && is_in_place(op_name)) rows = saved_rows(op_name.substr(0, op_name.size() - 1));
  const auto has_derivative = [](const SavedRow& row) { return row.differentiable != 0; };
  return rows.empty() || std::ranges::any_of(rows, has_derivative);
}

std::string_view kept_attrs(std::string_view op_name) {
  if (is_in_place(op_name)) op_name.remove_suffix(1);
  if (op_name == "aten::pow") return "self exponent";
  if (op_name == "aten::special_zeta") return "self other";
  const Composite* composite = find(kComposites, op_name);
  return composite ? composite->attrs : "";
}

}  // namespace thoplw

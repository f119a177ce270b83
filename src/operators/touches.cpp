// Names of the operators that do not simply read their inputs and write their results.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "operators/touches.h"

namespace thoplw {
namespace {

struct Names {
  Touches touches;
  std::string_view names;  ///< separated by spaces
};

constexpr Names kNames[] = {
    {Touches::nothing,
     "_conj _dimI _dimV _fw_primal _has_compatible_shallow_copy_type _has_same_storage_numel _indices _is_zerotensor "
     "_make_dual _neg_view _nested_get_lengths _nested_get_max_seqlen _nested_get_min_seqlen _nested_get_offsets "
     "_nested_get_ragged_idx _nested_get_values _nested_tensor_size _nested_tensor_storage_offsets "
     "_nested_tensor_strides _nested_view_from_buffer _nested_view_from_jagged _nnz _reshape_alias "
     "_shape_as_tensor _unpack_dual _unsafe_view _values _version _assert_tensor_metadata _fused_sdp_choice "
     "_use_cudnn_ctc_loss _use_miopen_ctc_loss alias atleast_1d atleast_2d atleast_3d broadcast_tensors broadcast_to "
     "can_cast ccol_indices col_indices conj crow_indices dense_dim detach device dim element_size expand expand_as "
     "from_file get_device indices is_coalesced is_complex is_conj is_contiguous is_floating_point "
     "is_inference is_leaf is_neg is_non_overlapping_and_dense is_pinned is_same_size is_set_to is_signed "
     "is_strides_like_format len lift lift_fresh meshgrid numel positive promote_types q_per_channel_axis q_scale "
     "q_zero_point qscheme record_stream requires_grad resize resize_as result_type retain_grad row_indices set "
     "set_data size slice_inverse sparse_dim sparse_resize sparse_resize_and_clear squeeze storage_offset stride "
     "sym_constrain_range sym_constrain_range_for_size sym_is_contiguous sym_numel sym_size sym_storage_offset "
     "sym_stride unflatten unsqueeze values view view_as view_as_complex view_as_real "
     "unflatten_dense_tensors"},
    {Touches::turned, "adjoint mH mT matrix_H moveaxis movedim numpy_T permute swapaxes swapdims t transpose"},
    {Touches::part,
     "as_strided chunk diagonal dsplit hsplit imag linalg_diagonal narrow real select slice split split_with_sizes "
     "tensor_split unbind unfold unsafe_chunk unsafe_split unsafe_split_with_sizes vsplit"},
    {Touches::reshaped, "flatten ravel reshape reshape_as"},
    {Touches::sizes,
     "empty_like full_like new_empty new_empty_strided new_full new_ones new_zeros ones_like rand_like "
     "randint_like randn_like zeros_like _efficientzerotensor"},
    {Touches::rows,
     "_unsafe_index _unsafe_masked_index embedding gather index index_select masked_select take take_along_dim"},
    {Touches::bags, "_embedding_bag _embedding_bag_forward_only embedding_bag"},
    {Touches::experts, "_grouped_mm _scaled_grouped_mm"},
    {Touches::replaced, "bernoulli cauchy copy exponential fill geometric log_normal normal random uniform zero"},
    {Touches::scattered, "_index_put_impl index_copy index_put masked_scatter put scatter"},
    {Touches::accumulated, "index_add index_reduce scatter_add scatter_reduce"},
};

constexpr std::string_view kAten = "aten::";

/// Other name spaces, whose operators are called otherwise.
constexpr Names kOthers[] = {
    {Touches::nothing,
     "onnx::folded onnx::nothing prims::broadcast_in_dim prims::collapse_view prims::split_dim "
     "prims::squeeze prims::view_of prims::view_of_dtype profiler::_record_function_enter "
     "profiler::_record_function_enter_new profiler::_record_function_exit"},
    {Touches::turned, "prims::transpose"},
    {Touches::part, "prims::as_strided prims::imag prims::real"},
    {Touches::rows, "quantized::embedding_4bit quantized::embedding_byte"},
};

using Table = std::unordered_map<std::string_view, Touches>;

void add(const Names& row, Table& table) {
  for (std::string_view rest = row.names; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    table.emplace(rest.substr(0, end), row.touches);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

const Table& table() {
  static const Table all = [] {
    Table table;
    for (const Names& row : kNames) add(row, table);
    for (const Names& row : kOthers) add(row, table);
    return table;
  }();
  return all;
}

}  // namespace

std::string_view name(Touches touches) {
  constexpr std::string_view kNamesOf[] = {"all",  "nothing", "turned",  "part",     "reshaped",  "sizes",
                                           "rows", "bags",    "experts", "replaced", "scattered", "accumulated"};
  return kNamesOf[static_cast<std::size_t>(touches)];
}

bool in_place(std::string_view op_name) {
  const bool special = op_name.ends_with("__");
  return (op_name.ends_with('_') && !special) || (special && op_name.find("::__i") != std::string_view::npos);
}

Touches touches(std::string_view op_name) {
  const bool writes = in_place(op_name);
  std::string_view name = op_name.starts_with(kAten) ? op_name.substr(kAten.size()) : op_name;
  if (writes && name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
  const auto found = table().find(name);
  if (found == table().end()) return Touches::all;
  const Touches how = found->second;
  const bool only_in_place = how == Touches::replaced || how == Touches::scattered || how == Touches::accumulated;
  return only_in_place && !writes ? Touches::all : how;
}

}  // namespace thoplw

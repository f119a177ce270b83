#include "operators/views.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "operators/shape/strides.h"

namespace thoplw {
namespace {

using Names = std::string_view;

/// Without "aten::". Views whatever their tensors are.
constexpr auto kViews = std::to_array<Names>({
    // clang-format off
    "_conj", "_neg_view", "_reshape_alias", "_unsafe_view", "adjoint", "alias", "as_strided", "broadcast_to", "chunk",
    "conj", "detach", "diagonal", "dsplit", "expand", "expand_as", "hsplit", "imag", "lift_fresh", "linalg_diagonal",
    "mH", "mT", "matrix_H", "moveaxis", "movedim", "narrow", "numpy_T", "permute", "positive", "real", "resolve_conj", "resolve_neg", "select", "slice", "split",
    "split_with_sizes", "squeeze", "swapaxes", "swapdims", "t", "tensor_split", "transpose", "unbind", "unflatten",
    "unfold", "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes", "unsqueeze", "view", "view_as", "view_as_complex", "view_as_real",
    "vsplit",
    // clang-format on
});

/// Views where strides allow one, and copies otherwise.
constexpr auto kReshapes = std::to_array<Names>({"flatten", "ravel", "reshape", "reshape_as"});

/// The tensor itself, where it has that type already.
constexpr auto kCasts = std::to_array<Names>(
    {"bfloat16", "bool", "cpu", "cuda", "double", "float", "half", "int", "long", "to", "type_as"});

/// The tensor itself, unless the model trains.
constexpr auto kDropouts =
    std::to_array<Names>({"alpha_dropout", "dropout", "feature_alpha_dropout", "feature_dropout"});

constexpr auto kOfOnnx = std::to_array<Names>(
    {"alias", "dropout", "flatten", "identity", "reshape", "squeeze", "unflatten", "unsqueeze", "view"});

static_assert(std::ranges::is_sorted(kViews));

bool among(const auto& names, std::string_view name) { return std::ranges::find(names, name) != std::end(names); }

std::string_view bare(std::string_view name) {
  name.remove_prefix(std::min(name.find("::") + 2, name.size()));
  if (name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
  return name;
}

bool has_both(const OpView& op) { return op.has_in(0) && !op.op.out.empty() && op.op.out.front() != kNone; }

Strided layout_of(const OpView& op, const std::vector<Place>& where) {
  const auto value = static_cast<std::size_t>(op.op.in.front());
  const Tensor& tensor = op.in(0);
  Strided layout{tensor.dtype, tensor.shape, {}};
  const bool known = value < where.size() && !where[value].strides.empty();
  layout.strides = known ? where[value].strides : shape::contiguous_strides(tensor.shape);
  return layout;
}

bool is_alike(const OpView& op) { return op.in(0).dtype == op.out().dtype && op.in(0).shape == op.out().shape; }

}  // namespace

bool is_view(const OpView& op, const std::vector<Place>& where) {
  if (!has_both(op)) return false;
  const std::string_view name = bare(op.trace.op_name(op.op));
  if (among(kViews, name)) return true;
  if (among(kReshapes, name)) {
    return numel(op.in(0).shape) == numel(op.out().shape) &&
           shape::view_strides(layout_of(op, where), op.out().shape).has_value();
  }
  if (name == "contiguous") return shape::is_contiguous(layout_of(op, where));
  if (among(kDropouts, name)) return !op.trace.training && is_alike(op);
  return among(kCasts, name) && is_alike(op);
}

bool is_onnx_view(const OpView& op) {
  return has_both(op) && among(kOfOnnx, bare(op.trace.op_name(op.op))) &&
         numel(op.in(0).shape) == numel(op.out().shape);
}

}  // namespace thoplw

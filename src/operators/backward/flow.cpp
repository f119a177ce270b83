// Operators whose backward hands on the gradient that comes in; all others make new ones.
#include "operators/backward/flow.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace thoplw {
namespace {

/// Views, copies, and joints, whose gradient is a part of that of the result.
constexpr auto kHandOn = std::to_array<std::string_view>({
    "aten::_reshape_alias",
    "aten::_unsafe_view",
    "aten::adjoint",
    "aten::alias",
    "aten::atleast_1d",
    "aten::atleast_2d",
    "aten::atleast_3d",
    "aten::cat",
    "aten::clone",
    "aten::concat",
    "aten::concatenate",
    "aten::contiguous",
    "aten::dropout",
    "aten::flatten",
    "aten::hstack",
    "aten::lift_fresh",
    "aten::matrix_H",
    "aten::mH",
    "aten::mT",
    "aten::movedim",
    "aten::moveaxis",
    "aten::numpy_T",
    "aten::permute",
    "aten::positive",
    "aten::requires_grad_",
    "aten::reshape",
    "aten::reshape_as",
    "aten::squeeze",
    "aten::stack",
    "aten::swapaxes",
    "aten::swapdims",
    "aten::t",
    "aten::transpose",
    "aten::unflatten",
    "aten::unsqueeze",
    "aten::view",
    "aten::view_as",
    "aten::view_as_complex",
    "aten::view_as_real",
    "aten::vstack",
});

constexpr auto kSums = std::to_array<std::string_view>({"aten::sum", "aten::nansum"});
constexpr auto kCasts = std::to_array<std::string_view>(
    {"aten::_to_copy", "aten::bfloat16", "aten::double", "aten::float", "aten::half", "aten::to", "aten::type_as"});

bool among(const auto& names, std::string_view name) { return std::ranges::find(names, name) != std::end(names); }

bool same_size(const GradOp& op, std::size_t i) { return op.in(i).shape == op.out().shape; }

}  // namespace

GradientFlow gradient_flow(const GradOp& op, std::size_t i) {
  std::string_view name = op.trace.op_name(op.op);
  if (name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
  if (op.op.out.empty() || op.op.out.front() == kNone) return GradientFlow::fresh;
  if (name == "aten::dropout" && numel(op.in(0)) > 0 && op.op.in.front() != op.op.out.front()) {
    return GradientFlow::fresh;  // the mask is multiplied with it
  }
  if (among(kHandOn, name)) return GradientFlow::shared;
  if (among(kSums, name)) return GradientFlow::expanded;
  if (among(kCasts, name)) return op.in(i).dtype == op.out().dtype ? GradientFlow::shared : GradientFlow::fresh;
  if (name == "aten::add" || (name == "aten::sub" && i == 0)) {
    return same_size(op, i) ? GradientFlow::shared : GradientFlow::fresh;
  }
  if (name == "aten::copy") return i == 1 && same_size(op, i) ? GradientFlow::shared : GradientFlow::nothing;
  if (name == "aten::expand" || name == "aten::expand_as") {
    return same_size(op, i) ? GradientFlow::shared : GradientFlow::fresh;
  }
  return GradientFlow::fresh;
}

}  // namespace thoplw

// Operators whose backward hands on the gradient that comes in; all others make new ones.
#include "operators/backward/flow.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace thoplw {
namespace {

constexpr auto kHandOn = std::to_array<std::string_view>({
    "aten::alias",
    "aten::clone",
    "aten::contiguous",
    "aten::dropout",
    "aten::lift_fresh",
    "aten::positive",
    "aten::requires_grad",
});

/// Views, and joints: a gradient that is seen with other sizes, or a part of it.
constexpr auto kViews = std::to_array<std::string_view>({
    "aten::_reshape_alias",  "aten::_unsafe_view", "aten::adjoint",   "aten::atleast_1d",  "aten::atleast_2d",
    "aten::atleast_3d",      "aten::cat",          "aten::concat",    "aten::concatenate", "aten::flatten",
    "aten::hstack",          "aten::matrix_H",     "aten::mH",        "aten::mT",          "aten::movedim",
    "aten::moveaxis",        "aten::numpy_T",      "aten::permute",   "aten::reshape",     "aten::reshape_as",
    "aten::squeeze",         "aten::stack",        "aten::swapaxes",  "aten::swapdims",    "aten::t",
    "aten::transpose",       "aten::unflatten",    "aten::unsqueeze", "aten::view",        "aten::view_as",
    "aten::view_as_complex", "aten::view_as_real", "aten::vstack",
});

/// Their gradient is repeated, by a view.
constexpr auto kSums = std::to_array<std::string_view>({"aten::sum", "aten::nansum"});
constexpr auto kCasts = std::to_array<std::string_view>(
    {"aten::_to_copy", "aten::bfloat16", "aten::double", "aten::float", "aten::half", "aten::to", "aten::type_as"});

/// Products whose operands are turned or seen with fewer dimensions, and so are their gradients.
constexpr auto kProducts = std::to_array<std::string_view>({"aten::einsum", "aten::linear", "aten::matmul"});

constexpr auto kBroadcast =
    std::to_array<std::string_view>({"aten::add", "aten::addmm", "aten::div", "aten::mul", "aten::sub"});

bool among(const auto& names, std::string_view name) { return std::ranges::find(names, name) != std::end(names); }

bool same_size(const GradOp& op, std::size_t i) { return op.in(i).shape == op.out().shape; }

/// A weight is turned; of other matrices, those in a batch are seen as one matrix, or as one batch.
bool through_view(const GradOp& op, std::string_view name, std::size_t i) {
  if (name == "aten::linear" && i > 0) return true;
  if (!among(kProducts, name)) return among(kBroadcast, name) && op.in(i).shape.size() < op.out().shape.size();
  return (op.has_in(0) && op.in(0).shape.size() > 2) || (op.has_in(1) && op.in(1).shape.size() > 2);
}

}  // namespace

GradientFlow gradient_flow(const GradOp& op, std::size_t i) {
  std::string_view name = op.trace.op_name(op.op);
  if (name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
  if (op.op.out.empty() || op.op.out.front() == kNone) return GradientFlow::fresh;
  if (name == "aten::dropout" && op.has_in(0) && numel(op.in(0)) > 0 && op.op.in.front() != op.op.out.front()) {
    return GradientFlow::fresh;  // the mask is multiplied with it
  }
  if (among(kHandOn, name)) return GradientFlow::handed_on;
  if (among(kViews, name) || among(kSums, name)) return GradientFlow::view;
  if (among(kCasts, name)) return op.in(i).dtype == op.out().dtype ? GradientFlow::handed_on : GradientFlow::fresh;
  if ((name == "aten::add" || (name == "aten::sub" && i == 0)) && same_size(op, i)) return GradientFlow::handed_on;
  if (name == "aten::copy") return i == 1 && same_size(op, i) ? GradientFlow::handed_on : GradientFlow::nothing;
  if (name == "aten::expand" || name == "aten::expand_as") {
    return same_size(op, i) ? GradientFlow::handed_on : GradientFlow::fresh;
  }
  return through_view(op, name, i) ? GradientFlow::fresh_view : GradientFlow::fresh;
}

}  // namespace thoplw

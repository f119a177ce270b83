// A table of operators that give a class away, each with the class of torch.nn that does this work.
#include "load/build/base_classes.h"

#include <algorithm>
#include <array>

namespace thoplw {
namespace {

struct Sign {
  std::string_view op;
  std::string_view name;  ///< the class has it in its name
  std::string_view base;
};
constexpr auto kSigns = std::to_array<Sign>({
    {"aten::_native_batch_norm_legit_no_training", "BatchNorm", "torch.nn.BatchNorm2d"},
    {"aten::addmm", "Linear", "torch.nn.Linear"},
    {"aten::batch_norm", "BatchNorm", "torch.nn.BatchNorm2d"},
    {"aten::conv1d", "Conv1d", "torch.nn.Conv1d"},
    {"aten::conv2d", "Conv2d", "torch.nn.Conv2d"},
    {"aten::conv3d", "Conv3d", "torch.nn.Conv3d"},
    {"aten::convolution", "Conv1d", "torch.nn.Conv1d"},
    {"aten::convolution", "Conv2d", "torch.nn.Conv2d"},
    {"aten::convolution", "Conv3d", "torch.nn.Conv3d"},
    {"aten::group_norm", "GroupNorm", "torch.nn.GroupNorm"},
    {"aten::layer_norm", "LayerNorm", "torch.nn.LayerNorm"},
    {"aten::linear", "Linear", "torch.nn.Linear"},
    {"aten::native_group_norm", "GroupNorm", "torch.nn.GroupNorm"},
    {"aten::native_layer_norm", "LayerNorm", "torch.nn.LayerNorm"},
    {"aten::rms_norm", "RMSNorm", "torch.nn.RMSNorm"},
});

using Owners = std::vector<std::vector<Id>>;  ///< each in order

/// The one row of the table that an operator of the call fits; null where none or several do.
const Sign* sign_of(const Trace& trace, const Owners& owners, Id id) {
  const Call& call = at(trace.calls, id);
  const std::string& cls = trace.class_of(call.module).name;
  const std::string_view name = std::string_view(cls).substr(cls.rfind('.') + 1);
  const auto is_own = [&](Id value) {
    return value != kNone && std::ranges::binary_search(at(owners, value), call.module);
  };
  const Sign* found = nullptr;
  for (Id i = call.first_op; i < call.end_op; ++i) {
    const Op& op = at(trace.ops, i);
    if (op.call != id) return nullptr;  // a module inside
    for (const Sign& sign : kSigns) {
      if (sign.op != trace.op_name(op) || name.find(sign.name) == std::string_view::npos) continue;
      if (found || std::ranges::none_of(op.in, is_own)) return nullptr;
      found = &sign;
    }
  }
  return found;
}

}  // namespace

std::vector<std::string_view> find_bases(const Trace& trace, const Owners& owners) {
  std::vector<std::string_view> bases(trace.classes.size());
  std::vector<bool> seen(trace.classes.size(), false);
  for (std::size_t i = 0; i < trace.calls.size(); ++i) {
    const Id cls = at(trace.modules, trace.calls[i].module).cls;
    if (at(trace.classes, cls).name.starts_with("torch.nn.") ||
        (seen[static_cast<std::size_t>(cls)] && at(bases, cls).empty()))
      continue;
    const Sign* sign = sign_of(trace, owners, static_cast<Id>(i));
    const std::string_view base = sign ? sign->base : "";
    at(bases, cls) = !seen[static_cast<std::size_t>(cls)] || at(bases, cls) == base ? base : "";
    seen[static_cast<std::size_t>(cls)] = true;
  }
  return bases;
}

}  // namespace thoplw

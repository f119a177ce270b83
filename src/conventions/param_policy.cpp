// The tests of parameters that any convention may have.
#include "conventions/param_policy.h"

#include "conventions/class_rules.h"
#include "conventions/convention.h"

namespace thoplw {
namespace param_tests {
namespace {

bool has_rule(const ParamView& view, const Param& param) {
  return param.module != 0 && view.usage.called(param.module) &&
         find_class_rule(view.convention, view.trace.class_of(param.module)) != nullptr;
}

bool in_leaf(const ParamView& view, const Param& param) {
  return view.usage.called(param.module) && at(view.leaf, param.module);
}

bool trainable(const ParamView&, const Param& param) { return param.buffer || param.trainable; }

bool used(const ParamView& view, const Param& param) { return view.usage.used(param.module); }

}  // namespace

constinit const ParamTest kOnlyClasses{"only_classes", "of modules that ran and have a rule", has_rule, true};
constinit const ParamTest kOnlyLeaves{"only_leaves", "of modules that ran and have no modules inside", in_leaf, true};
constinit const ParamTest kOnlyTrainable{"only_trainable", "all that are trained", trainable};
constinit const ParamTest kOnlyUsed{"only_used", "of modules that ran", used};

}  // namespace param_tests

namespace {

constexpr const ParamTest* kNamed[] = {&param_tests::kOnlyClasses, &param_tests::kOnlyLeaves,
                                       &param_tests::kOnlyTrainable, &param_tests::kOnlyUsed};

}  // namespace

std::span<const ParamTest* const> named_param_tests() { return kNamed; }

}  // namespace thoplw

// Binds what is known of optimizers, for the tests.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "count/training/optimizer.h"
#include "python/bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

using Param = std::tuple<std::string, Dims>;  // element type, as in a trace, and sizes

Implementation implementation_named(const std::string& given) {
  for (const Implementation known : {Implementation::for_loop, Implementation::foreach, Implementation::fused}) {
    if (given == name(known)) return known;
  }
  return Implementation::automatic;
}

nb::list names_docs_and_ops() {
  nb::list rows;
  for (const OptimizerRow& row : optimizers()) {
    rows.append(nb::make_tuple(std::string(row.name), std::string(row.doc), row.ops));
  }
  return rows;
}

nb::tuple optimizer_bytes(const std::string& optimizer, const std::string& implementation, bool weight_decay,
                          const std::vector<Param>& params) {
  const OptimizerRow& row = find_optimizer(optimizer);
  const OptimizerStep step = {.implementation = implementation_named(implementation), .weight_decay = weight_decay};
  std::vector<Tensor> tensors;
  Count states = 0;
  for (const auto& [dtype, shape] : params) {
    tensors.push_back({.dtype = dtype_named(dtype).value_or(DType::f32), .shape = shape});
    states += state_bytes(row, tensors.back(), step);
  }
  const StepPeak peak = step_peak(row, step, tensors);
  return nb::make_tuple(states.value(), peak.first.value(), peak.later.value());
}

}  // namespace

void bind_optimizers(nb::module_& m) {
  m.def("optimizers", &names_docs_and_ops);
  m.def("optimizer_bytes", &optimizer_bytes, "optimizer"_a, "implementation"_a, "weight_decay"_a, "params"_a);
}

}  // namespace thoplw

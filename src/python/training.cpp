// Binds what a step of training needs: how it is counted, and what the table then tells besides its rows.
#include "report/training.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "count/training/plan.h"
#include "python/bindings.h"
#include "python/given.h"
#include "python/layer_info.h"
#include "python/to_python.h"
#include "variants/precision.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

/// Throws Error where an argument is not one that `thoplw.training` takes.
TrainingPlan plan_of(nb::dict given) {
  TrainingPlan plan;
  TrainingOptions& step = plan.step;
  for (const auto [key, value] : given) {
    const std::string name = nb::cast<std::string>(key);
    if (name == "optimizer") step.optimizer = find_optimizer(given::text(value, "optimizer")).name;
    if (name == "freeze") plan.freeze = given::texts(value, "freeze");
    if (name == "checkpoint") plan.checkpoint = given::texts(value, "checkpoint");
    if (name == "reentrant") plan.reentrant = given::flag(value, "reentrant");
    if (name == "captured_so") plan.captured_so = nb::cast<bool>(value);
    if (name == "precision") plan.precision = find_precision(given::text(value, "precision")).name;
    if (name == "lora_rank") plan.lora.rank = static_cast<int>(given::count(value, "lora r"));
    if (name == "lora_targets") plan.lora.targets = given::texts(value, "lora targets");
    if (name == "lora_targets" && plan.lora.targets.empty()) {
      throw Error("lora names no targets: say which linear layers, such as ['q_proj', 'v_proj']");
    }
    if (name == "lora_dropout") plan.lora.dropout = given::share(value, "lora dropout");
    if (name == "processor") step.flavour.processor = find_processor(given::text(value, "processor"));
    if (name == "attention") step.flavour.attention = find_attention_kernel(given::text(value, "attention"));
    if (name == "accumulate") step.accumulate = given::count(value, "accumulate");
    if (name == "round") step.round = given::count(value, "round_to");
    if (name == "outputs") step.outputs = nb::cast<std::vector<std::size_t>>(value);
    if (name == "all_outputs") step.all_outputs = nb::cast<bool>(value);
  }
  return plan;
}

}  // namespace

void bind_training(nb::module_& m) {
  nb::class_<Moment>(m, "Moment")
      .def_prop_ro("phase", [](const Moment& m) { return std::string(name(m.phase)); })
      .def_prop_ro("row", [](const Moment& m) { return m.row; })
      .def_prop_ro("parameters", [](const Moment& m) { return m.parameters.value(); })
      .def_prop_ro("gradients", [](const Moment& m) { return m.gradients.value(); })
      .def_prop_ro("states", [](const Moment& m) { return m.states.value(); })
      .def_prop_ro("activations", [](const Moment& m) { return m.activations.value(); });
  nb::class_<Alive>(m, "Alive")
      .def_prop_ro("what", [](const Alive& a) { return a.what; })
      .def_prop_ro("path", [](const Alive& a) { return to_str(a.path); })
      .def_prop_ro("op", [](const Alive& a) { return to_str(a.op); })
      .def_prop_ro("bytes", [](const Alive& a) { return a.bytes.value(); });
  const auto count = [](Count Training::*member) {
    return [member](const Training& training) { return (training.*member).value(); };
  };
  nb::class_<Training>(m, "Training")
      .def_prop_ro("optimizer", [](const Training& training) { return to_str(training.optimizer); })
      .def_prop_ro("precision", [](const Training& training) { return to_str(training.precision); })
      .def_prop_ro("attention", [](const Training& training) { return to_str(training.attention); })
      .def_prop_ro("processor", [](const Training& training) { return to_str(training.processor); })
      .def_prop_ro("buffers", count(&Training::buffers))
      .def_prop_ro("inputs", count(&Training::inputs))
      .def_prop_ro("masters", count(&Training::masters))
      .def_prop_ro("transient", count(&Training::transient))
      .def_prop_ro("forward_peak", count(&Training::forward_peak))
      .def_prop_ro("peak", count(&Training::peak))
      .def_prop_ro("peak_first_step", count(&Training::peak_first_step))
      .def_ro("exact", &Training::exact)
      .def_ro("timeline", &Training::timeline)
      .def_ro("at_peak", &Training::at_peak)
      .def_prop_ro("unknown", [](const Training& training) { return to_strs(training.unknown); });
  m.def(
      "count_training",
      [](std::shared_ptr<const Trace> trace, nb::object convention, nb::dict options) {
        ConventionSource source = source_of(given::text(convention, "convention"));
        TrainingPlan plan = plan_of(options);
        Report report = count_planned(*trace, *opened(source), plan);
        return LayerInfo{std::move(report), std::move(trace), std::move(source), std::move(plan)};
      },
      "trace"_a, "convention"_a.none(), "plan"_a);
}

}  // namespace thoplw

// Binds how language models are counted: Python makes and runs them, at any batch and context.
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <limits>

#include "base/amount.h"
#include "count/llm/llm.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/given.h"
#include "python/llm_model.h"
#include "python/to_python.h"
#include "python/values.h"
#include "render/llm_figures.h"
#include "report/saved_llm.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

std::int64_t number(nb::handle value, const char* name) {
  const std::int64_t number = given::number_or_none(value, name, 1).value_or(1);
  if (number > 1 << 24) throw Error(std::string(name) + " is too large");
  return number;
}

/// Throws Error where an argument is not one that `thoplw.llm` takes.
LlmPlan plan_of(nb::dict given) {
  LlmPlan plan;
  Split& split = plan.split;
  for (const auto [key, value] : given) {
    const std::string name = nb::cast<std::string>(key);
    const auto devices = [&] { return static_cast<std::uint32_t>(number(value, name.c_str())); };
    if (name == "context") plan.context = number(value, "context");
    if (name == "batch") plan.batch = number(value, "batch");
    if (name == "dtype") plan.dtype = find_number_type(given::text(value, "dtype"));
    if (name == "kv_dtype") plan.kv_dtype = find_number_type(given::text(value, "kv_dtype"));
    if (name == "device") plan.device = open_device(given::text(value, "device"));
    if (name == "memory") plan.memory = parse_bytes(given::text(value, "memory"));
    if (name == "prompts") plan.prompts = number(value, "prompts");
    if (name == "link") plan.link = parse_bytes(given::text(value, "link"));
    if (name == "count") split.count = devices();
    if (name == "tensor_parallel") split.tensor = devices();
    if (name == "pipeline") split.pipeline = devices();
    if (name == "expert_parallel") split.expert = devices();
    if (name == "largest") plan.largest = given::flag(value, "largest");
  }
  return plan;
}

nb::object to_number(const FigureNumber& number) {
  if (const auto* real = std::get_if<double>(&number)) return nb::float_(*real);
  const auto* count = std::get_if<Count>(&number);
  return count ? nb::object(nb::int_(count->value())) : nb::object(nb::none());
}

/// By name: what all devices have together, or the device with the most.
nb::dict figures_of(const Llm& llm, FigureNumber LlmFigure::*which) {
  nb::dict figures;
  for (const LlmFigure& figure : llm_figures(llm)) {
    if (!std::holds_alternative<std::monostate>(figure.*which)) figures[figure.name.c_str()] = to_number(figure.*which);
  }
  return figures;
}

nb::dict cache_of(const Llm& llm) {
  nb::dict parts;
  for (const CachePart& part : llm.parts) parts[part.name.c_str()] = part.bytes.whole.value();
  return parts;
}

}  // namespace

LlmModel native_llm(nb::object run) {
  const std::shared_ptr<nb::object> held(new nb::object(std::move(run)), [](nb::object* object) {
    const nb::gil_scoped_acquire lock;
    delete object;
  });
  return [held](std::int64_t batch, std::int64_t context) {
    const nb::gil_scoped_acquire lock;
    const auto [trace, cache, cache_after, tensor_plan, expert_plan, positions, heads] = nb::cast<
        std::tuple<nb::object, std::vector<std::string>, std::vector<std::string>, std::map<std::string, std::string>,
                   std::map<std::string, std::string>, std::int64_t, std::int64_t>>((*held)(batch, context));
    return LlmPasses{nb::cast<const Trace&>(trace), cache, cache_after, tensor_plan, expert_plan, positions, heads};
  };
}

void bind_llm(nb::module_& m) {
  nb::class_<Llm> llm(m, "Llm", kLlmDoc);
  llm.def_prop_ro("model", [](const Llm& llm) { return to_str(llm.model); })
      .def_ro("context", &Llm::context)
      .def_ro("batch", &Llm::batch)
      .def_prop_ro("fits", &Llm::fits)
      .def_prop_ro("memory", [](const Llm& llm) { return llm.memory.value(); })
      .def_prop_ro("all", [](const Llm& llm) { return figures_of(llm, &LlmFigure::whole); })
      .def_prop_ro("device", [](const Llm& llm) { return figures_of(llm, &LlmFigure::device); })
      .def_prop_ro("cache", &cache_of)
      .def_prop_ro("notes", [](const Llm& llm) { return to_strs(llm_lines(llm)); })
      .def(
          "summary", [](const Llm& llm, nb::object kind) { return render_llm(llm, given::text(kind, "kind")); },
          nb::arg("kind").none() = "text", kLlmSummaryDoc)
      .def("__str__", [](const Llm& llm) { return render_llm(llm, "text"); });
  bind_equality(llm, [](const Llm& self) { return self.model; });
  bind_pickling(
      llm, [](const Llm& self) { return to_bytes(saved_llm(self)); },
      [](nb::handle state) { return read_llm(from_bytes(state)); });
  m.def(
      "count_llm", [](nb::object run, nb::dict plan) { return count_llm(native_llm(std::move(run)), plan_of(plan)); },
      "run"_a, "plan"_a);
}

}  // namespace thoplw

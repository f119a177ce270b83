// Binds Comparison: one trace under several conventions.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <memory>

#include "base/harmless.h"
#include "count/compare.h"
#include "python/bindings.h"
#include "python/convention_source.h"
#include "python/docs.h"
#include "python/given.h"
#include "python/measures.h"
#include "python/render_arguments.h"
#include "python/to_python.h"
#include "python/values.h"
#include "render/page/notebook.h"
#include "thoplw.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

/// A comparison, and what it was made of.
struct Compared : Comparison {
  std::shared_ptr<const Trace> trace;
  std::vector<ConventionSource> sources;  ///< the base is the first

  bool operator==(const Compared& other) const { return static_cast<const Comparison&>(*this) == other; }
};

nb::object by_convention(const Comparison& comparison, Measure measure) {
  nb::dict counts;
  for (const Report& report : comparison.reports) {
    counts[report.convention.c_str()] = to_int(report.total[measure], report.has(measure));
  }
  return counts;
}

nb::dict parts_by_convention(const Compared& comparison) {
  nb::dict all;
  for (std::size_t i = 0; i < comparison.reports.size(); ++i) {
    nb::dict parts;
    for (const Part& part : comparison.parts[i]) parts[std::string(part.what).c_str()] = part.amount;
    all[comparison.reports[i].convention.c_str()] = parts;
  }
  return all;
}

std::string summary(const Compared& comparison, nb::object kind, nb::object fmt, nb::object depth) {
  return render_comparison(comparison, renderer_of(kind), options_of(fmt, depth));
}

Compared compared(std::shared_ptr<const Trace> trace, std::vector<ConventionSource> sources) {
  std::vector<std::shared_ptr<const Convention>> conventions;
  std::vector<const Convention*> chosen;
  for (const ConventionSource& source : sources) chosen.push_back(conventions.emplace_back(opened(source)).get());
  Comparison comparison = compare(*trace, chosen, *chosen.front());
  return {std::move(comparison), std::move(trace), std::move(sources)};
}

Compared compared_by_name(std::shared_ptr<const Trace> trace, nb::object names, nb::object base) {
  const std::string first = given::text(base, "base");
  std::vector<ConventionSource> sources{source_of(first)};
  for (const std::string& name : given::texts(names, "conventions")) {
    if (name != first) sources.push_back(source_of(name));
  }
  return compared(std::move(trace), std::move(sources));
}

nb::tuple state_of(const Compared& comparison) {
  nb::list sources;
  for (const ConventionSource& source : comparison.sources) sources.append(to_state(source));
  return nb::make_tuple(comparison.trace, sources);
}

Compared restored(nb::handle state) {
  const auto [trace, states] = nb::cast<std::pair<nb::object, nb::list>>(state);
  std::vector<ConventionSource> sources;
  for (const nb::handle source : states) sources.push_back(source_from(source));
  if (sources.empty()) throw nb::cast_error();
  return compared(held<Trace>(trace), std::move(sources));
}

}  // namespace

void bind_comparison(nb::module_& m) {
  nb::class_<Compared> comparison(m, "Comparison", kComparisonDoc);
  bind_measures(comparison, &by_convention);
  comparison.def_prop_ro("base", [](const Compared& c) { return c.reports[c.base].convention; })
      .def_prop_ro("parts", &parts_by_convention)
      .def("summary", &summary, nb::arg("kind").none() = "text", nb::arg("fmt").none() = "raw", nb::kw_only(),
           "depth"_a = nb::none(), kComparisonSummaryDoc)
      .def(
          "to_pandas", [](nb::handle c) { return python_part("_notebook", "comparison_to_pandas")(c); },
          kComparisonToPandasDoc)
      .def("_repr_html_", [](const Compared& c) { return notebook_html(c); })
      .def("__str__", [](const Compared& c) { return render_comparison(c, find_renderer("text"), {}); })
      .def("__repr__", [](const Compared& c) {
        return "<Comparison of " + harmless(c.reports[c.base].model) + " under " + std::to_string(c.reports.size()) +
               " conventions>";
      });
  bind_equality(comparison, [](const Compared& c) { return c.reports[c.base].model; });
  bind_pickling(comparison, &state_of, &restored);
  m.def("compare", &compared_by_name, "trace"_a, nb::arg("conventions").none(), nb::arg("base").none());
}

}  // namespace thoplw

// Comparison: one trace under several conventions.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <memory>

#include "base/harmless.h"
#include "count/compare.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/given.h"
#include "python/render_arguments.h"
#include "python/to_python.h"
#include "render/page/notebook.h"
#include "thoplw.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

nb::dict by_convention(const Comparison& comparison, Count Report::*member) {
  nb::dict counts;
  for (const Report& report : comparison.reports) counts[report.convention.c_str()] = (report.*member).value();
  return counts;
}

nb::dict parts_by_convention(const Comparison& comparison) {
  nb::dict all;
  for (std::size_t i = 0; i < comparison.reports.size(); ++i) {
    nb::dict parts;
    for (const Part& part : comparison.parts[i]) parts[std::string(part.what).c_str()] = part.amount;
    all[comparison.reports[i].convention.c_str()] = parts;
  }
  return all;
}

std::string summary(const Comparison& comparison, nb::object kind, nb::object fmt, nb::object depth) {
  return render_comparison(comparison, renderer_of(kind), options_of(fmt, depth));
}

Comparison compared(const Trace& trace, nb::object names, nb::object base) {
  const std::string first = given::text(base, "base");
  std::vector<std::shared_ptr<const Convention>> opened{open_convention(first)};
  for (const std::string& name : given::texts(names, "conventions")) {
    if (name != first) opened.push_back(open_convention(name));
  }
  std::vector<const Convention*> chosen;
  for (const auto& convention : opened) chosen.push_back(convention.get());
  return compare(trace, chosen, *chosen.front());
}

}  // namespace

void bind_comparison(nb::module_& m) {
  nb::class_<Comparison>(m, "Comparison", kComparisonDoc)
      .def_prop_ro("base", [](const Comparison& c) { return c.reports[c.base].convention; })
      .def_prop_ro("macs", [](const Comparison& c) { return by_convention(c, &Report::macs); })
      .def_prop_ro("params", [](const Comparison& c) { return by_convention(c, &Report::params); })
      .def_prop_ro("parts", &parts_by_convention)
      .def("summary", &summary, nb::arg("kind").none() = "text", nb::arg("fmt").none() = "raw", nb::kw_only(),
           "depth"_a = nb::none(), kComparisonSummaryDoc)
      .def(
          "to_pandas", [](nb::handle c) { return python_part("_notebook", "comparison_to_pandas")(c); },
          kComparisonToPandasDoc)
      .def("_repr_html_", [](const Comparison& c) { return notebook_html(c); })
      .def("__str__", [](const Comparison& c) { return render_comparison(c, find_renderer("text"), {}); })
      .def("__repr__", [](const Comparison& c) {
        return "<Comparison of " + harmless(c.reports[c.base].model) + " under " + std::to_string(c.reports.size()) +
               " conventions>";
      });
  m.def("compare", &compared, "trace"_a, nb::arg("conventions").none(), nb::arg("base").none());
}

}  // namespace thoplw

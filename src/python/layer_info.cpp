// Binds LayerInfo, and the two ways to make one: count a trace, read a saved report.
#include "python/layer_info.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "base/file_bytes.h"
#include "base/harmless.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/given.h"
#include "python/measures.h"
#include "python/render_arguments.h"
#include "python/to_python.h"
#include "python/values.h"
#include "render/page/notebook.h"
#include "render/picture/timeline.h"
#include "report/grouped.h"
#include "thoplw.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

using Bound = nb::class_<LayerInfo>;

LayerInfo counted(std::shared_ptr<const Trace> trace, ConventionSource source) {
  Report report = count(*trace, *opened(source));
  return {std::move(report), std::move(trace), std::move(source)};
}

/// What was saved has no trace.
nb::object read_saved(nb::handle path) {
  const std::string name = given::path(path);
  LayerInfo info;
  {
    const nb::gil_scoped_release unlocked;
    info = {read_report(name, FileBytes(name).all()), {}, {}};
  }
  return as_python(std::move(info));
}

LayerInfo under(const LayerInfo& info, nb::object convention) {
  const std::string name = given::text(convention, "convention");
  if (info.target) {
    LayerInfo other{{}, info.trace, source_of(name), info.plan, info.target};
    static_cast<Report&>(other) = counted_on(other, *opened(other.source));
    return other;
  }
  if (info.plan) {
    ConventionSource source = source_of(name);
    Report report = count_planned(*info.trace, *opened(source), *info.plan);
    return {std::move(report), info.trace, std::move(source), info.plan};
  }
  if (info.asked) {
    ConventionSource source = source_of(name);
    Report report = count_inference(*info.trace, *opened(source), *info.asked);
    return {std::move(report), info.trace, std::move(source), {}, {}, info.asked};
  }
  if (info.trace) return counted(info.trace, source_of(name));
  throw Error("this table has the counts of '" + info.convention +
              "' alone: it was saved, or without_trace() made it; profile or load the model itself");
}

LayerInfo without_trace(const LayerInfo& info) { return {info, {}, {}}; }

std::vector<Row> listed(const Report& report) {
  std::vector<Row> rows;
  for (const Row& row : report.rows) {
    if (row.listed) rows.push_back(row);
  }
  return rows;
}

std::string summary(const LayerInfo& info, nb::object kind, nb::object fmt, nb::object depth, nb::object sort,
                    nb::object top, nb::object filter, nb::object columns, nb::object by, nb::object fold) {
  return render_report(info, renderer_of(kind), options_of(fmt, depth, sort, top, filter, columns, by, fold));
}

void save(const LayerInfo& info, nb::object path, nb::object kind, nb::object fmt, nb::object depth, nb::object sort,
          nb::object top, nb::object filter, nb::object columns, nb::object by, nb::object fold) {
  const std::string file = given::path(path);
  const Renderer& renderer = kind.is_none() ? renderer_for_path(file) : renderer_of(kind);
  write_file(file, render_report(info, renderer, options_of(fmt, depth, sort, top, filter, columns, by, fold)));
}

std::string shown(const LayerInfo& info) {
  return "<LayerInfo of " + harmless(info.model) + ": " +
         in_words(info.unit, [&](Measure measure) { return info.total[measure].value(); }) + ">";
}

/// None where the report has no memory over time.
nb::object peak_of(const LayerInfo& report) { return report.memory() ? to_int(report.memory()->peak) : nb::none(); }

nb::object peak_of_first_step(const LayerInfo& report) {
  return report.training && report.memory() ? to_int(report.training->peak_first_step) : nb::none();
}

void bind_totals(Bound& info) {
  const auto count = [](Count Report::*member) {
    return [member](const LayerInfo& report) { return (report.*member).value(); };
  };
  bind_measures(info, [](const LayerInfo& report, Measure measure) {
    return to_int(report.total[measure], report.has(measure));
  });
  info.def_prop_ro("model", [](const LayerInfo& report) { return to_str(report.model); })
      .def_prop_ro("convention", [](const LayerInfo& report) { return to_str(report.convention); })
      .def_prop_ro("unit", [](const LayerInfo& report) { return std::string(name(report.unit)); })
      .def_prop_ro("all_params", count(&Report::all_params))
      .def_prop_ro("active_params", count(&Report::active_params))
      .def_prop_ro("trainable_params", count(&Report::trainable_params))
      .def_prop_ro("buffers", count(&Report::buffers))
      .def_ro("exact", &Report::exact)
      .def_ro("training", &Report::training)
      .def_ro("timing", &Report::timing)
      .def_prop_ro("peak", &peak_of)
      .def_prop_ro("peak_first_step", &peak_of_first_step);
}

void bind_lists(Bound& info) {
  info.def_ro("steps", &Report::steps)
      .def_ro("uncounted", &Report::uncounted)
      .def_prop_ro("not_run", [](const LayerInfo& report) { return to_strs(report.not_run); })
      .def_prop_ro("notes", [](const LayerInfo& report) { return to_strs(report.notes); })
      .def("__len__", [](const LayerInfo& report) { return listed(report).size(); })
      .def("__iter__", [](const LayerInfo& report) { return nb::iter(nb::cast(listed(report))); })
      .def("__getitem__",
           [](const LayerInfo& report, nb::object index) { return nb::object(nb::cast(listed(report))[index]); });
}

void bind_text(Bound& info) {
  info.def("summary", &summary, nb::arg("kind").none() = "text", nb::arg("fmt").none() = "raw", nb::kw_only(),
           "depth"_a = nb::none(), "sort"_a = nb::none(), "top"_a = nb::none(), "filter"_a = nb::none(),
           "columns"_a = nb::none(), "by"_a = nb::none(), "fold"_a = nb::none(), kSummaryDoc)
      .def("save", &save, nb::arg("path").none(), "kind"_a = nb::none(), nb::arg("fmt").none() = "raw", nb::kw_only(),
           "depth"_a = nb::none(), "sort"_a = nb::none(), "top"_a = nb::none(), "filter"_a = nb::none(),
           "columns"_a = nb::none(), "by"_a = nb::none(), "fold"_a = nb::none(), kSaveDoc)
      .def(
          "timeline", [](const LayerInfo& report) { return to_str(timeline_svg(report)); }, kTimelineDoc)
      .def("_repr_html_", [](const LayerInfo& report) { return notebook_html(report); })
      .def("__str__", [](const LayerInfo& report) { return render_report(report, find_renderer("text"), {}); })
      .def("__repr__", &shown);
}

/// What the package's Python modules make of it.
void bind_python_parts(Bound& info) {
  info.def(
          "to_dict", [](nb::handle self) { return python_part("_notebook", "to_dict")(self); }, kToDictDoc)
      .def(
          "to_pandas",
          [](nb::handle self, nb::object all_rows) { return python_part("_notebook", "to_pandas")(self, all_rows); },
          nb::kw_only(), nb::arg("all_rows").none() = false, kToPandasDoc)
      .def(
          "plot",
          [](nb::handle self, nb::object by, nb::object top, nb::object depth, nb::object ax) {
            return python_part("_plot", "plot_layers")(self, by, top, depth, ax);
          },
          nb::arg("by").none() = "macs", nb::kw_only(), nb::arg("top").none() = 20, "depth"_a = nb::none(),
          "ax"_a = nb::none(), kPlotDoc);
}

}  // namespace

nb::object as_python(LayerInfo info) {
  return info.inference ? nb::cast(MemoryInfo{std::move(info)}) : nb::cast(std::move(info));
}

/// The trace and what it was counted by; or what was saved, as which a step of training travels, and memory.
nb::tuple pickled(const LayerInfo& info) {
  if (info.trace && !info.plan && !info.target && !info.asked) return nb::make_tuple(info.trace, to_state(info.source));
  return nb::make_tuple(to_bytes(find_renderer("json").report(info, {})));
}

LayerInfo unpickled(nb::handle state) {
  const auto parts = nb::cast<nb::tuple>(state);
  if (parts.size() == 1) return {read_report("pickle", from_bytes(parts[0])), {}, {}};
  const auto [trace, source] = nb::cast<std::pair<nb::object, nb::object>>(parts);
  return counted(held<Trace>(trace), source_from(source));
}

void bind_layer_info(nb::module_& m) {
  Bound info(m, "LayerInfo", kLayerInfoDoc);
  bind_totals(info);
  bind_lists(info);
  bind_text(info);
  bind_python_parts(info);
  info.def(
      "by_operator", [](const LayerInfo& report) { return operators_of(report); }, kByOperatorDoc);
  info.def("on", &on, nb::arg("device").none(), nb::arg("dtype").none() = nb::none(), nb::kw_only(),
           nb::arg("step_seconds").none() = nb::none(), kOnDoc);
  info.def(
          "under",
          [](const LayerInfo& info, nb::object convention) { return as_python(under(info, std::move(convention))); },
          nb::arg("convention").none(), kUnderDoc)
      .def(
          "without_trace", [](const LayerInfo& info) { return as_python(without_trace(info)); }, kWithoutTraceDoc);
  bind_equality(info, [](const LayerInfo& report) { return report.model + " " + report.convention; });
  bind_pickling(info, &pickled, &unpickled);
  m.def(
      "count",
      [](std::shared_ptr<const Trace> trace, nb::object convention) {
        return counted(std::move(trace), source_of(given::text(convention, "convention")));
      },
      "trace"_a, nb::arg("convention").none());
  m.def(
      "is_saved_report", [](nb::handle path) { return is_saved_report(given::path(path)); }, nb::arg("path").none());
  m.def("read_report", &read_saved, nb::arg("path").none());
}

}  // namespace thoplw

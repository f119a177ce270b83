// The extension module thoplw._native: converts, calls, converts back.
#include <nanobind/nanobind.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/file_bytes.h"
#include "base/harmless.h"
#include "capture/capture.h"
#include "capture/native_answers.h"
#include "python/command_line.h"
#include "python/docs.h"
#include "python/given.h"
#include "render/page/notebook.h"
#include "thoplw.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

RenderOptions options_of(nb::handle fmt, nb::handle depth, nb::handle sort = nb::none(), nb::handle top = nb::none(),
                         nb::handle filter = nb::none()) {
  RenderOptions options;
  options.numbers = find_number_format(given::text(fmt, "fmt"));
  constexpr std::int64_t kDeepest = std::numeric_limits<int>::max();
  options.depth = static_cast<int>(std::min(given::number_or_none(depth, "depth", -1).value_or(-1), kDeepest));
  options.sort = given::text_or_none(sort, "sort").value_or("");
  options.top = static_cast<std::size_t>(given::number_or_none(top, "top", 1).value_or(0));
  if (!filter.is_none()) options.filter = given::texts(filter, "filter");
  return options;
}

const Renderer& renderer_of(nb::handle kind) { return find_renderer(given::text(kind, "kind")); }

/// Names in files may be no UTF-8: each byte that is none is U+FFFD, as the json renderer has it.
nb::object to_str(const std::string& text) {
  return nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

/// As Python quotes it: nothing in it reaches a terminal as it is.
std::string quoted(const std::string& text) { return nb::cast<std::string>(nb::repr(to_str(text))); }

nb::list to_strs(const std::vector<std::string>& texts) {
  nb::list list;
  for (const std::string& text : texts) list.append(to_str(text));
  return list;
}

template <class Owner>
auto str_of(std::string Owner::*member) {
  return [member](const Owner& owner) { return to_str(owner.*member); };
}

/// Without the batch dimension, as the table shows it.
nb::object shape_of(const std::optional<Tensor>& tensor) {
  if (!tensor) return nb::none();
  const Dims& shape = tensor->shape;
  return capture::to_tuple(Dims(shape.begin() + (shape.empty() ? 0 : 1), shape.end()));
}

/// A report, and what it was counted from, to be counted again; null where it was saved.
struct LayerInfo : Report {
  std::shared_ptr<const Trace> trace;
};

LayerInfo counted(std::shared_ptr<const Trace> trace, const std::string& convention) {
  LayerInfo info{{count(*trace, *open_convention(convention))}, {}};
  info.trace = std::move(trace);
  return info;
}

/// What was saved has no trace.
LayerInfo read_saved(const std::string& path) { return {read_report(path, FileBytes(path).all()), {}}; }

LayerInfo under(const LayerInfo& info, const std::string& convention) {
  if (info.trace) return counted(info.trace, convention);
  throw Error("a saved report has the counts of '" + info.convention + "' alone: profile or load the model itself");
}

std::vector<Row> listed(const Report& report) {
  std::vector<Row> rows;
  for (const Row& row : report.rows) {
    if (row.listed) rows.push_back(row);
  }
  return rows;
}

nb::list names_and_docs() {
  nb::list list;
  for (const Convention* convention : conventions()) {
    list.append(nb::make_tuple(std::string(convention->name), std::string(convention->doc)));
  }
  return list;
}

/// A function of the package's Python modules, which is imported when it is called.
nb::object python_part(const char* module, const char* function) {
  return nb::module_::import_((std::string("thoplw.") + module).c_str()).attr(function);
}

void bind_trace(nb::module_& m) {
  nb::class_<Trace>(m, "Trace", kTraceDoc)
      .def("text", [](const Trace& trace) { return to_str(to_text(trace)); })
      .def_static(
          "parse", [](const std::string& text) { return parse_trace(text); }, "text"_a,
          nb::call_guard<nb::gil_scoped_release>())
      .def_prop_ro("notes", [](const Trace& trace) { return to_strs(trace.notes); })
      .def_prop_ro("operators", [](const Trace& trace) { return to_strs(trace.op_names); });
}

void bind_row(nb::module_& m) {
  const auto count = [](Count Row::*member) { return [member](const Row& row) { return (row.*member).value(); }; };
  nb::class_<Row>(m, "Row", kRowDoc)
      .def_prop_ro("name", str_of(&Row::path))
      .def_prop_ro("cls", str_of(&Row::cls))
      .def_prop_ro("input_shape", [](const Row& row) { return shape_of(row.in); })
      .def_prop_ro("output_shape", [](const Row& row) { return shape_of(row.out); })
      .def_prop_ro("macs", count(&Row::macs))
      .def_prop_ro("params", count(&Row::params))
      .def_ro("calls", &Row::calls)
      .def_ro("exact", &Row::exact)
      .def("__repr__", [](const Row& row) {
        return "Row(name=" + quoted(row.path) + ", cls=" + quoted(row.cls) +
               ", macs=" + std::to_string(row.macs.value()) + ", params=" + std::to_string(row.params.value()) + ")";
      });
  nb::class_<Step>(m, "Step", kStepDoc)
      .def_prop_ro("name", str_of(&Step::path))
      .def_prop_ro("input_shape",
                   [](const Step& step) { return step.in ? capture::to_tuple(step.in->shape) : nb::none(); })
      .def_prop_ro("macs", [](const Step& step) { return step.macs.value(); })
      .def("__repr__", [](const Step& step) {
        return "Step(name=" + quoted(step.path) + ", macs=" + std::to_string(step.macs.value()) + ")";
      });
  nb::class_<Uncounted>(m, "Uncounted", kUncountedDoc)
      .def_prop_ro("op", str_of(&Uncounted::op))
      .def_prop_ro("path", str_of(&Uncounted::path))
      .def_ro("times", &Uncounted::times)
      .def("__repr__", [](const Uncounted& u) {
        return "Uncounted(op=" + quoted(u.op) + ", path=" + quoted(u.path) + ", times=" + std::to_string(u.times) + ")";
      });
}

void bind_layer_info(nb::module_& m) {
  const auto count = [](Count Report::*member) {
    return [member](const LayerInfo& report) { return (report.*member).value(); };
  };
  const auto summary = [](const LayerInfo& report, nb::object kind, nb::object fmt, nb::object depth, nb::object sort,
                          nb::object top, nb::object filter) {
    return renderer_of(kind).render(report, options_of(fmt, depth, sort, top, filter));
  };
  const auto save = [](const LayerInfo& report, nb::object path, nb::object kind, nb::object fmt, nb::object depth,
                       nb::object sort, nb::object top, nb::object filter) {
    const std::string file = given::path(path);
    const Renderer& renderer = kind.is_none() ? renderer_for_path(file) : renderer_of(kind);
    write_file(file, renderer.render(report, options_of(fmt, depth, sort, top, filter)));
  };
  nb::class_<LayerInfo>(m, "LayerInfo", kLayerInfoDoc)
      .def_prop_ro("model", [](const LayerInfo& report) { return to_str(report.model); })
      .def_prop_ro("convention", [](const LayerInfo& report) { return to_str(report.convention); })
      .def_prop_ro("unit", [](const LayerInfo& report) { return report.unit == Unit::mac ? "MAC" : "FLOP"; })
      .def_prop_ro("macs", count(&Report::macs))
      .def_prop_ro("params", count(&Report::params))
      .def_prop_ro("all_params", count(&Report::all_params))
      .def_prop_ro("active_params", count(&Report::active_params))
      .def_prop_ro("trainable_params", count(&Report::trainable_params))
      .def_prop_ro("buffers", count(&Report::buffers))
      .def_ro("exact", &Report::exact)
      .def_ro("steps", &Report::steps)
      .def_ro("uncounted", &Report::uncounted)
      .def_prop_ro("not_run", [](const LayerInfo& report) { return to_strs(report.not_run); })
      .def_prop_ro("notes", [](const LayerInfo& report) { return to_strs(report.notes); })
      .def("summary", summary, nb::arg("kind").none() = "text", nb::arg("fmt").none() = "raw", nb::kw_only(),
           "depth"_a = nb::none(), "sort"_a = nb::none(), "top"_a = nb::none(), "filter"_a = nb::none(), kSummaryDoc)
      .def("save", save, nb::arg("path").none(), "kind"_a = nb::none(), nb::arg("fmt").none() = "raw", nb::kw_only(),
           "depth"_a = nb::none(), "sort"_a = nb::none(), "top"_a = nb::none(), "filter"_a = nb::none(), kSaveDoc)
      .def(
          "under",
          [](const LayerInfo& info, nb::object convention) {
            return under(info, given::text(convention, "convention"));
          },
          nb::arg("convention").none(), kUnderDoc)
      .def(
          "to_dict", [](nb::handle info) { return python_part("_notebook", "to_dict")(info); }, kToDictDoc)
      .def(
          "to_pandas",
          [](nb::handle info, nb::object all_rows) { return python_part("_notebook", "to_pandas")(info, all_rows); },
          nb::kw_only(), nb::arg("all_rows").none() = false, kToPandasDoc)
      .def(
          "plot",
          [](nb::handle info, nb::object by, nb::object top, nb::object depth, nb::object ax) {
            return python_part("_plot", "plot_layers")(info, by, top, depth, ax);
          },
          nb::arg("by").none() = "macs", nb::kw_only(), nb::arg("top").none() = 20, "depth"_a = nb::none(),
          "ax"_a = nb::none(), kPlotDoc)
      .def("_repr_html_", [](const LayerInfo& report) { return notebook_html(report); })
      .def("__str__", [](const LayerInfo& report) { return find_renderer("text").render(report, {}); })
      .def("__repr__",
           [](const LayerInfo& report) {
             return "<LayerInfo of " + harmless(report.model) + ": " + std::to_string(report.macs.value()) + " " +
                    (report.unit == Unit::mac ? "MACs" : "FLOPs") + ", " + std::to_string(report.params.value()) +
                    " params>";
           })
      .def("__len__", [](const LayerInfo& report) { return listed(report).size(); })
      .def("__iter__", [](const LayerInfo& report) { return nb::iter(nb::cast(listed(report))); })
      .def("__getitem__",
           [](const LayerInfo& report, nb::object index) { return nb::object(nb::cast(listed(report))[index]); });
}

nb::dict by_convention(const Comparison& comparison, Count Report::*member) {
  nb::dict counts;
  for (const Report& report : comparison.reports) counts[report.convention.c_str()] = (report.*member).value();
  return counts;
}

void bind_comparison(nb::module_& m) {
  const auto summary = [](const Comparison& comparison, nb::object kind, nb::object fmt, nb::object depth) {
    return render_comparison(comparison, renderer_of(kind), options_of(fmt, depth));
  };
  nb::class_<Comparison>(m, "Comparison", kComparisonDoc)
      .def_prop_ro("base", [](const Comparison& c) { return c.reports[c.base].convention; })
      .def_prop_ro("macs", [](const Comparison& c) { return by_convention(c, &Report::macs); })
      .def_prop_ro("params", [](const Comparison& c) { return by_convention(c, &Report::params); })
      .def_prop_ro("parts",
                   [](const Comparison& c) {
                     nb::dict all;
                     for (std::size_t i = 0; i < c.reports.size(); ++i) {
                       nb::dict parts;
                       for (const Part& part : c.parts[i]) parts[std::string(part.what).c_str()] = part.amount;
                       all[c.reports[i].convention.c_str()] = parts;
                     }
                     return all;
                   })
      .def("summary", summary, nb::arg("kind").none() = "text", nb::arg("fmt").none() = "raw", nb::kw_only(),
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
  m.def(
      "compare",
      [](const Trace& trace, nb::object names, nb::object base) {
        const std::string first = given::text(base, "base");
        std::vector<std::shared_ptr<const Convention>> opened{open_convention(first)};
        for (const std::string& name : given::texts(names, "conventions")) {
          if (name != first) opened.push_back(open_convention(name));
        }
        std::vector<const Convention*> chosen;
        for (const auto& convention : opened) chosen.push_back(convention.get());
        return compare(trace, chosen, *chosen.front());
      },
      "trace"_a, nb::arg("conventions").none(), nb::arg("base").none());
}

/// A row of a diff, which it keeps alive.
struct DiffRow {
  std::shared_ptr<const Diff> diff;
  RowPair pair;

  const Row* before() const { return diff->before_of(pair); }
  const Row* after() const { return diff->after_of(pair); }
};

/// None on the side where there is no such row.
nb::object count_of(const Row* row, Count Row::*member) {
  return row ? nb::object(nb::int_((row->*member).value())) : nb::none();
}

void bind_diff_row(nb::module_& m) {
  const auto text = [](std::string Row::*member) {
    return [member](const DiffRow& row) { return to_str((row.after() ? row.after() : row.before())->*member); };
  };
  nb::class_<DiffRow>(m, "DiffRow", kDiffRowDoc)
      .def_prop_ro("name", text(&Row::path))
      .def_prop_ro("cls", text(&Row::cls))
      .def_prop_ro("state", [](const DiffRow& row) { return std::string(name(fate(*row.diff, row.pair))); })
      .def_prop_ro("name_before",
                   [](const DiffRow& row) { return row.before() ? to_str(row.before()->path) : nb::none(); })
      .def_prop_ro("macs_before", [](const DiffRow& row) { return count_of(row.before(), &Row::macs); })
      .def_prop_ro("macs", [](const DiffRow& row) { return count_of(row.after(), &Row::macs); })
      .def_prop_ro("params_before", [](const DiffRow& row) { return count_of(row.before(), &Row::params); })
      .def_prop_ro("params", [](const DiffRow& row) { return count_of(row.after(), &Row::params); });
}

void bind_diff(nb::module_& m) {
  const auto summary = [](const Diff& diff, nb::object kind, nb::object fmt, nb::object depth, nb::object sort,
                          nb::object all) {
    return render_diff(diff, renderer_of(kind), options_of(fmt, depth, sort), nb::cast<bool>(nb::bool_(all)));
  };
  const auto change = [](Count Report::*member) {
    return [member](const Diff& diff) { return difference(diff.before.*member, diff.after.*member); };
  };
  nb::class_<Diff>(m, "Diff", kDiffDoc)
      .def_prop_ro("macs", change(&Report::macs))
      .def_prop_ro("params", change(&Report::params))
      .def_prop_ro("exact", [](const Diff& diff) { return diff.before.exact && diff.after.exact; })
      .def_prop_ro("rows",
                   [](std::shared_ptr<const Diff> diff) {
                     std::vector<DiffRow> rows;
                     for (const RowPair& pair : diff->pairs) rows.push_back({diff, pair});
                     return rows;
                   })
      .def("summary", summary, nb::arg("kind").none() = "text", nb::arg("fmt").none() = "raw", nb::kw_only(),
           "depth"_a = nb::none(), "sort"_a = nb::none(), nb::arg("unchanged").none() = false, kDiffSummaryDoc)
      .def("__str__", [](const Diff& diff) { return render_diff(diff, find_renderer("text"), {}); })
      .def("__repr__", [](const Diff& diff) {
        return "<Diff of " + harmless(diff.before.model) + " and " + harmless(diff.after.model) + ": " +
               std::to_string(difference(diff.before.macs, diff.after.macs)) + " " +
               (diff.after.unit == Unit::mac ? "MACs" : "FLOPs") + ", " +
               std::to_string(difference(diff.before.params, diff.after.params)) + " params>";
      });
  m.def(
      "diff",
      [](nb::object before, nb::object after) {
        for (const nb::object& info : {before, after}) {
          if (nb::isinstance<LayerInfo>(info)) continue;
          throw Error(
              "diff takes two tables of layers, such as the third of what profile() returns, but one is of type " +
              nb::cast<std::string>(info.type().attr("__name__")));
        }
        return diff(nb::cast<const LayerInfo&>(before), nb::cast<const LayerInfo&>(after));
      },
      nb::arg("before").none(), nb::arg("after").none(),
      nb::sig("def diff(before: LayerInfo, after: LayerInfo) -> Diff"), kDiffFunctionDoc);
}

}  // namespace

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);
  capture::error_class = given::make_error_class(kErrorDoc);
  m.attr("Error") = capture::error_class;
  nb::register_exception_translator(
      [](const std::exception_ptr& pointer, void*) {
        try {
          std::rethrow_exception(pointer);
        } catch (const Error& error) {
          capture::set_error(error);
        }
      },
      nullptr);
  bind_trace(m);
  bind_row(m);
  bind_layer_info(m);
  bind_comparison(m);
  bind_diff_row(m);
  bind_diff(m);
  m.def(
      "capture",
      [](nb::object model, nb::tuple args, nb::dict kwargs, nb::dict custom_ops, nb::object method, bool native_rules,
         bool real) {
        return capture::capture(std::move(model), std::move(args), std::move(kwargs), std::move(custom_ops),
                                {.method = given::text(method, "method"), .native_rules = native_rules, .real = real});
      },
      "model"_a, "args"_a, "kwargs"_a, "custom_ops"_a, nb::arg("method").none() = "forward", "native_rules"_a = true,
      "real"_a = false);
  m.def(
      "load",
      [](nb::handle path, nb::dict dims) {
        const std::string name = given::path(path);
        LoadOptions options;
        for (const auto [dim, size] : dims) {
          options.dims.emplace_back(given::text(dim, "the name of a dimension"), nb::cast<std::int64_t>(size));
        }
        const nb::gil_scoped_release unlocked;
        return load(name, options);
      },
      nb::arg("path").none(), "dims"_a);
  m.def(
      "is_saved_report", [](nb::handle path) { return is_saved_report(given::path(path)); }, nb::arg("path").none());
  m.def(
      "read_report",
      [](nb::handle path) {
        const std::string name = given::path(path);
        const nb::gil_scoped_release unlocked;
        return read_saved(name);
      },
      nb::arg("path").none());
  m.def(
      "count",
      [](std::shared_ptr<const Trace> trace, nb::object convention) {
        return counted(std::move(trace), given::text(convention, "convention"));
      },
      "trace"_a, nb::arg("convention").none());
  m.def(
      "clever_format",
      [](std::uint64_t value, nb::object fmt) { return clever_format(value, given::text(fmt, "fmt")); }, "value"_a,
      nb::arg("fmt").none() = "%6.2f");
  m.def("shown", &given::shown, nb::arg("value").none());
  m.def("conventions", &names_and_docs);
  m.def(
      "harmless", [](const std::string& text) { return harmless(text); }, "text"_a);
  m.def("shape_rule", &capture::shape_rule, "func"_a, "args"_a, "kwargs"_a);
  bind_command_line(m);
}

}  // namespace thoplw

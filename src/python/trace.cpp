// Binds Trace, and the two ways to make one: capture a live model, load a file.
#include "trace/trace.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "capture/capture.h"
#include "load/load.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/given.h"
#include "python/to_python.h"
#include "python/values.h"
#include "trace/text.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

Trace captured(nb::object model, nb::tuple args, nb::dict kwargs, nb::dict custom_ops, nb::object method,
               bool native_rules, bool real, bool training, const std::string& autocast, bool cuda, bool memory) {
  return capture::capture(std::move(model), std::move(args), std::move(kwargs), std::move(custom_ops),
                          {.method = given::text(method, "method"),
                           .native_rules = native_rules,
                           .real = real,
                           .training = training,
                           .memory = memory,
                           .autocast = dtype_named(autocast),
                           .processor = cuda ? Processor::cuda : Processor::cpu});
}

Trace loaded(nb::handle path, nb::dict dims) {
  const std::string name = given::path(path);
  LoadOptions options;
  for (const auto [dim, size] : dims) {
    options.dims.emplace_back(given::text(dim, "the name of a dimension"), nb::cast<std::int64_t>(size));
  }
  const nb::gil_scoped_release unlocked;
  return load(name, options);
}

}  // namespace

void bind_trace(nb::module_& m) {
  nb::class_<Trace> trace(m, "Trace", kTraceDoc);
  trace.def("text", [](const Trace& trace) { return to_str(to_text(trace)); })
      .def_static(
          "parse", [](const std::string& text) { return parse_trace(text); }, "text"_a,
          nb::call_guard<nb::gil_scoped_release>())
      .def_prop_ro("notes", [](const Trace& trace) { return to_strs(trace.notes); })
      .def_prop_ro("operators", [](const Trace& trace) { return to_strs(trace.op_names); });
  bind_equality(
      trace, [](const Trace& self) { return self.model; },
      [](const Trace& self, const Trace& other) { return to_text(self) == to_text(other); });
  bind_pickling(
      trace, [](const Trace& self) { return to_bytes(to_text(self)); },
      [](nb::handle state) { return parse_trace(from_bytes(state), "pickle"); });
  m.def("capture", &captured, "model"_a, "args"_a, "kwargs"_a, "custom_ops"_a, nb::arg("method").none() = "forward",
        "native_rules"_a = true, "real"_a = false, "training"_a = false, "autocast"_a = "", "cuda"_a = false,
        "memory"_a = false);
  m.def("load", &loaded, nb::arg("path").none(), "dims"_a);
}

}  // namespace thoplw

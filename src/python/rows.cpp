// Binds what the lists of a LayerInfo hold: Row, Step, Uncounted.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "capture/torch_api.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/to_python.h"
#include "python/values.h"
#include "render/formats.h"
#include "report/saved.h"

namespace nb = nanobind;

namespace thoplw {
namespace {

/// Of a record the state is its JSON.
template <class Record>
void bind_record(nb::class_<Record>& bound, Record (*read)(std::string_view)) {
  bind_equality(bound, [](const Record& record) { return record.path; });
  bind_pickling(
      bound, [](const Record& record) { return to_bytes(json_record(record)); },
      [read](nb::handle state) { return read(from_bytes(state)); });
}

void bind_row(nb::module_& m) {
  const auto count = [](Count Row::*member) { return [member](const Row& row) { return (row.*member).value(); }; };
  nb::class_<Row> row(m, "Row", kRowDoc);
  row.def_prop_ro("name", str_of(&Row::path))
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
  bind_record(row, &read_row);
}

void bind_step(nb::module_& m) {
  nb::class_<Step> step(m, "Step", kStepDoc);
  step.def_prop_ro("name", str_of(&Step::path))
      .def_prop_ro("input_shape",
                   [](const Step& step) { return step.in ? capture::to_tuple(step.in->shape) : nb::none(); })
      .def_prop_ro("macs", [](const Step& step) { return step.macs.value(); })
      .def("__repr__", [](const Step& step) {
        return "Step(name=" + quoted(step.path) + ", macs=" + std::to_string(step.macs.value()) + ")";
      });
  bind_record(step, &read_step);
}

void bind_uncounted(nb::module_& m) {
  nb::class_<Uncounted> uncounted(m, "Uncounted", kUncountedDoc);
  uncounted.def_prop_ro("op", str_of(&Uncounted::op))
      .def_prop_ro("path", str_of(&Uncounted::path))
      .def_ro("times", &Uncounted::times)
      .def("__repr__", [](const Uncounted& u) {
        return "Uncounted(op=" + quoted(u.op) + ", path=" + quoted(u.path) + ", times=" + std::to_string(u.times) + ")";
      });
  bind_record(uncounted, &read_uncounted);
}

}  // namespace

void bind_rows(nb::module_& m) {
  bind_row(m);
  bind_step(m);
  bind_uncounted(m);
}

}  // namespace thoplw

// Binds what the lists of a LayerInfo hold: Row, Step, Uncounted.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "capture/torch_api.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/measures.h"
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
  nb::class_<Row> row(m, "Row", kRowDoc);
  bind_measures(row, [](const Row& of, Measure measure) { return to_int(of.own[measure], of.has(measure)); });
  row.def_prop_ro("name", str_of(&Row::path))
      .def_prop_ro("cls", str_of(&Row::cls))
      .def_prop_ro("input_shape", [](const Row& row) { return shape_of(row.in); })
      .def_prop_ro("output_shape", [](const Row& row) { return shape_of(row.out); })
      .def_prop_ro("trainable_params",
                   [](const Row& row) { return to_int(row.own[Measure::trainable], row.has(Measure::trainable)); })
      .def_ro("calls", &Row::calls)
      .def_ro("exact", &Row::exact)
      .def("__repr__", [](const Row& row) {
        std::string text = "Row(name=" + quoted(row.path) + ", cls=" + quoted(row.cls);
        for (const Measure measure : shown_measures()) {
          text += ", " + std::string(row_of(measure).name) + "=" + std::to_string(row.own[measure].value());
        }
        return text + ")";
      });
  bind_record(row, &read_row);
}

/// {"contraction": 118013952, "bias": 64}: kinds of which there is none are left out.
nb::dict by_kind(const Work& work) {
  nb::dict kinds;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    if (work.by_kind[kind] > 0) kinds[std::string(kKindNames[kind]).c_str()] = work.by_kind[kind].value();
  }
  return kinds;
}

void bind_operator(nb::module_& m) {
  nb::class_<OpCost>(m, "OpCost", kOpCostDoc)
      .def_prop_ro("name", str_of(&OpCost::name))
      .def_prop_ro("calls", [](const OpCost& op) { return op.calls.value(); })
      .def_prop_ro("macs", [](const OpCost& op) { return op.macs.value(); })
      .def_prop_ro("work", [](const OpCost& op) { return by_kind(op.work); })
      .def_ro("exact", &OpCost::exact)
      .def("__repr__", [](const OpCost& op) {
        return "OpCost(name=" + quoted(op.name) + ", calls=" + std::to_string(op.calls.value()) +
               ", macs=" + std::to_string(op.macs.value()) + ")";
      });
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

void bind_measure_row(nb::module_& m) {
  const auto text = [](std::string_view MeasureRow::*member) {
    return [member](const MeasureRow& row) { return std::string(row.*member); };
  };
  nb::class_<MeasureRow>(m, "MeasureRow", kMeasureRowDoc)
      .def_prop_ro("name", text(&MeasureRow::name))
      .def_prop_ro("heading", text(&MeasureRow::heading))
      .def_prop_ro("doc", text(&MeasureRow::doc))
      .def_prop_ro("question", [](const MeasureRow& row) { return std::string(name(row.asked)); })
      .def_ro("seconds", &MeasureRow::seconds)
      .def_ro("shown", &MeasureRow::shown);
  m.def("measures", [] { return std::vector<MeasureRow>(measures().begin(), measures().end()); });
  m.def("without_batch", [](const Dims& shape) { return capture::to_tuple(without_batch(shape)); });
}

}  // namespace

void bind_rows(nb::module_& m) {
  bind_measure_row(m);
  bind_row(m);
  bind_operator(m);
  bind_step(m);
  bind_uncounted(m);
}

}  // namespace thoplw

// The extension module thoplw._native: its error class, its parts, and functions that belong to no part.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "base/harmless.h"
#include "capture/meta_device.h"
#include "capture/native_answers.h"
#include "capture/torch_api.h"
#include "python/bindings.h"
#include "python/docs.h"
#include "python/given.h"
#include "thoplw.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

void bind_errors(nb::module_& m) {
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
}

nb::list names_and_docs() {
  nb::list list;
  for (const Convention* convention : conventions()) {
    list.append(nb::make_tuple(std::string(convention->name), std::string(convention->doc)));
  }
  return list;
}

}  // namespace

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);
  bind_errors(m);
  bind_trace(m);
  bind_rows(m);
  bind_training(m);
  bind_llm(m);
  bind_layer_info(m);
  bind_memory(m);
  bind_comparison(m);
  bind_devices(m);
  bind_diff(m);
  bind_labels(m);
  bind_command_line(m);
  bind_optimizers(m);
  bind_variants(m);
  bind_kept(m);
  bind_formulas(m);
  bind_sweep(m);
  m.def(
      "clever_format",
      [](std::uint64_t value, nb::object fmt) { return clever_format(value, given::text(fmt, "fmt")); }, "value"_a,
      nb::arg("fmt").none() = "%6.2f");
  m.def("shown", &given::shown, nb::arg("value").none());
  m.def("conventions", &names_and_docs);
  m.def(
      "harmless", [](const std::string& text) { return harmless(text); }, "text"_a);
  m.def("on_meta_device", &capture::on_meta_device);
  m.def("shape_rule", &capture::shape_rule, "func"_a, "args"_a, "kwargs"_a);
}

}  // namespace thoplw

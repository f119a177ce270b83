// Reads the arguments of torch.nn.functional.interpolate from its Python frame.
#include "capture/resizing.h"

#include <cmath>
#include <string>

#include "capture/python.h"

namespace thoplw::capture {
namespace {

bool runs(nb::handle frame, std::string_view function) {
  if (frame.is_none()) return false;
  const nb::object code = frame.attr("f_code");
  return name_of(code, "co_name") == function && name_of(code, "co_filename").ends_with("functional.py");
}

bool is_sequence(nb::handle value) { return PyList_Check(value.ptr()) || PyTuple_Check(value.ptr()); }

AttrValue read(nb::handle size, nb::handle factor, std::size_t rank) {
  if (is_sequence(size)) {
    std::vector<std::int64_t> sizes;
    for (nb::handle item : size) sizes.push_back(nb::cast<std::int64_t>(nb::int_(item)));
    return sizes;
  }
  if (!size.is_none()) return nb::cast<std::int64_t>(nb::int_(size));
  if (!is_sequence(factor)) return std::pow(nb::cast<double>(nb::float_(factor)), static_cast<double>(rank) - 2);
  double product = 1;
  for (nb::handle item : factor) product *= nb::cast<double>(nb::float_(item));
  return product;
}

}  // namespace

bool is_resize(std::string_view op_name) {
  // the mode "area" is a pooling
  for (const char* stem : {"aten::upsample_", "aten::_upsample_", "aten::adaptive_avg_pool"}) {
    if (op_name.starts_with(stem)) return true;
  }
  return false;
}

std::vector<Attr> asked_for(std::size_t rank) {
  auto* python = reinterpret_cast<PyObject*>(PyEval_GetFrame());
  if (!python) return {};
  nb::object frame = nb::borrow(python);
  if (runs(frame, "adaptive_avg_pool2d") || runs(frame, "adaptive_avg_pool3d")) frame = frame.attr("f_back");
  if (!runs(frame, "interpolate")) return {};
  const nb::object locals = frame.attr("f_locals");
  std::vector<Attr> attrs;
  try {
    attrs.push_back({"asked", read(locals["size"], locals["scale_factor"], rank)});
  } catch (const nb::python_error& error) {  // sizes that are no numbers yet
    pass_on_interrupt(error);
    return {};
  } catch (const nb::cast_error&) {
    return {};
  }
  if (runs(frame.attr("f_back"), "upsample")) attrs.push_back({"upsample", true});
  return attrs;
}

}  // namespace thoplw::capture

// Converts texts and shapes, and imports modules of the package when they are needed.
#include "python/to_python.h"

#include <nanobind/stl/string.h>

#include "capture/torch_api.h"

namespace nb = nanobind;

namespace thoplw {

nb::object to_str(const std::string& text) {
  return nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

nb::list to_strs(const std::vector<std::string>& texts) {
  nb::list list;
  for (const std::string& text : texts) list.append(to_str(text));
  return list;
}

std::string quoted(const std::string& text) { return nb::cast<std::string>(nb::repr(to_str(text))); }

nb::object shape_of(const std::optional<Tensor>& tensor) {
  return tensor ? capture::to_tuple(without_batch(tensor->shape)) : nb::none();
}

nb::object python_part(const char* module, const char* function) {
  return nb::module_::import_((std::string("thoplw.") + module).c_str()).attr(function);
}

}  // namespace thoplw

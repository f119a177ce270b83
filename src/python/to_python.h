// Makes Python objects: texts, shapes, and results of the package's own Python modules.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>
#include <vector>

#include "trace/tensor.h"

namespace thoplw {

/// Names in files may be no UTF-8: each byte that is none is U+FFFD, as the json renderer has it.
nanobind::object to_str(const std::string& text);
nanobind::list to_strs(const std::vector<std::string>& texts);

/// As Python quotes it: nothing in it reaches a terminal as it is.
std::string quoted(const std::string& text);

/// A getter of a text.
template <class Owner>
auto str_of(std::string Owner::*member) {
  return [member](const Owner& owner) { return to_str(owner.*member); };
}

/// Without the batch dimension, as the table shows it; None where there is no tensor.
nanobind::object shape_of(const std::optional<Tensor>& tensor);

/// A function of a Python module of the package, which is imported when it is called.
nanobind::object python_part(const char* module, const char* function);

}  // namespace thoplw

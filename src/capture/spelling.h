// How Python spelt the call of an operator. Tools that replace functions of torch see some spellings and not others.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "capture/python.h"

namespace thoplw::capture {

/// Whether the spelling of that operator is recorded, as an attribute "spelt".
bool spelling_matters(std::string_view op_name);

/// Those of one capture.
class Spellings {
 public:
  /// Of the call that is being made: "infix" for x + y and x @= y; "method" for torch.relu(x) and x.relu(); empty for
  /// torch.nn.functional.relu(x), and where Python does not say. Of sums and products a method has an empty one too.
  std::string_view of(std::string_view op_name);

 private:
  struct Code {
    nb::object object;     ///< kept, so that its address is its own
    std::string function;  ///< its name, if it is one of torch.nn.functional
    nb::bytes instructions;
  };
  const Code& code_of(PyObject* frame);

  std::unordered_map<PyObject*, Code> codes_;  ///< Python copies the instructions each time that they are asked for
};

}  // namespace thoplw::capture

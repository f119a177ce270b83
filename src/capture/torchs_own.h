// Tells torch's own functions from replacements by others.
#pragma once

#include <string_view>
#include <vector>

#include "capture/torch_api.h"

namespace thoplw::capture {

/// Whether the code of a Python function is in a module of torch whose name starts so. A wrapper takes over the name
/// and the __module__ of what it wraps, but neither its code nor its globals.
bool is_torchs_function(PyObject* function, std::string_view module_prefix);

/// What the forward of a leaf class calls, each looked up where the forward itself would look it up.
class ForwardPath {
 public:
  ForwardPath() = default;
  /// Empty where something on the way is not torch's own.
  ForwardPath(nb::handle type, std::string_view functional);

  bool empty() const { return steps_.empty(); }
  /// Whether all of it is still what it was. Called for each leaf of the model.
  bool unaltered() const;

 private:
  struct Step {
    nb::object owner;  ///< a dictionary, or a class
    PyObject* name;
    nb::object expected;
  };
  /// False where there is something by that name, and it is not torch's own.
  template <typename IsTorchs>
  bool add(nb::object owner, const char* name, const IsTorchs& is_torchs);

  std::vector<Step> steps_;
};

}  // namespace thoplw::capture

// Compares functions with originals that nobody patches: those in torch's C++ part, and the file of their code.
#include "capture/torchs_own.h"

namespace thoplw::capture {
namespace {

nb::handle item_or_none(nb::handle dict, PyObject* name) {
  PyObject* found = PyDict_GetItem(dict.ptr(), name);
  return found ? nb::handle(found) : nb::none();
}

/// Borrowed; null where there is none. Of a class it is what is in its dictionary or in that of a base.
PyObject* current(const nb::object& owner, PyObject* name) {
  return PyDict_Check(owner.ptr()) ? PyDict_GetItem(owner.ptr(), name) : in_class(owner.ptr(), name);
}

/// torch._C._nn.gelu or torch._C._VariableFunctions.relu
bool is_built_in(nb::handle function, const char* name) {
  const nb::object c = torch_api().torch.attr("_C");
  for (const char* part : {"_nn", "_VariableFunctions"}) {
    const nb::object torchs = nb::getattr(nb::object(c.attr(part)), name, nb::none());
    if (!torchs.is_none() && torchs.is(function)) return true;
  }
  return false;
}

nb::object dict_of(const char* module) { return nb::module_::import_(module).attr("__dict__"); }

}  // namespace

bool is_torchs_function(PyObject* function, std::string_view module_prefix) {
  if (!PyFunction_Check(function)) return false;
  const nb::handle globals = PyFunction_GetGlobals(function);
  const nb::handle module = item_or_none(globals, torch_api().names.module_name);
  if (!PyUnicode_Check(module.ptr()) || !text_of(module.ptr()).starts_with(module_prefix)) return false;
  const nb::handle code = PyFunction_GetCode(function);
  return code.attr("co_filename").equal(item_or_none(globals, torch_api().names.module_file));
}

template <typename IsTorchs>
bool ForwardPath::add(nb::object owner, const char* name, const IsTorchs& is_torchs) {
  PyObject* key = interned(name);
  nb::object found = nb::borrow(current(owner, key));
  if (!found.is_valid()) return true;
  if (!is_torchs(found)) return false;
  steps_.push_back({std::move(owner), key, std::move(found)});
  return true;
}

ForwardPath::ForwardPath(nb::handle type, std::string_view functional) {
  const std::string name(functional);
  const nb::object functions = nb::module_::import_("torch.nn.functional");
  const auto is_method = [](const nb::object& f) { return is_torchs_function(f.ptr(), "torch.nn.modules."); };
  const auto is_function = [&](const nb::object& f) {
    return is_built_in(f, name.c_str()) || is_torchs_function(f.ptr(), "torch.nn.functional") ||
           is_torchs_function(f.ptr(), "torch._jit_internal");  // chooses between two of them
  };
  const nb::object forward = nb::getattr(type, "forward", nb::none());
  const bool torchs = is_method(forward) && add(nb::borrow(type), "forward", is_method) &&
                      add(nb::borrow(type), "_conv_forward", is_method) &&
                      add(nb::borrow(PyFunction_GetGlobals(forward.ptr())), "F",
                          [&](const nb::object& module) { return module.is(functions); }) &&
                      add(dict_of("torch.nn.functional"), name.c_str(), is_function) &&
                      add(dict_of("torch"), name.c_str(), is_function);
  if (!torchs) steps_.clear();
}

bool ForwardPath::unaltered() const {
  for (const Step& step : steps_) {
    if (current(step.owner, step.name) != step.expected.ptr()) return false;
  }
  return !steps_.empty();
}

}  // namespace thoplw::capture

// Lets go of all tensors of the pass, then asks Python's garbage collector which of them somebody else still holds.
#include "capture/left_behind.h"

#include <fmt/ranges.h>

#include <unordered_set>

#include "base/formatted.h"
#include "capture/holders.h"

namespace thoplw::capture {
namespace {

constexpr int kMostSteps = 6;

std::string qualified(nb::handle named) {
  const std::string package = str_of(nb::object(nb::getattr(named, "__module__", nb::str("?"))).ptr());
  return package + '.' + str_of(nb::object(nb::getattr(named, "__qualname__", nb::str("?"))).ptr());
}

bool is_container(PyObject* object) {
  return PyDict_Check(object) || PyList_Check(object) || PyTuple_Check(object) || PyAnySet_Check(object) ||
         PyCell_Check(object) || Py_TYPE(object) == deque_type();
}

/// "package.NAME" if `dict` holds the global variables of a module, and `held` is the one called NAME; else "".
std::string global_name(PyObject* dict, PyObject* held) {
  PyObject* package = PyDict_GetItemString(dict, "__name__");
  PyObject* module = package ? PyDict_GetItem(PyImport_GetModuleDict(), package) : nullptr;
  if (!module || !PyModule_Check(module) || PyModule_GetDict(module) != dict) return "";
  for (auto [name, value] : nb::borrow<nb::dict>(dict)) {
    if (value.ptr() == held) return str_of(package) + '.' + str_of(name.ptr());
  }
  return "";
}

/// The name by which a person knows a holder. "" if it has none, such as a list: then the name is that of its holder.
std::string name_of(PyObject* holder, PyObject* held) {
  static PyObject* cache_type =
      nb::object(nb::module_::import_("functools").attr("_lru_cache_wrapper")).release().ptr();
  if (PyDict_Check(holder)) return global_name(holder, held);
  if (is_container(holder)) return "";
  if (PyFunction_Check(holder)) return "the function " + qualified(holder);
  if (Py_TYPE(holder) == reinterpret_cast<PyTypeObject*>(cache_type)) return "the cache of " + qualified(holder);
  if (PyType_Check(holder)) return "the class " + qualified(holder);
  return "an object of " + qualified(nb::handle(holder).type());
}

/// Goes from holder to holder until one has a name.
std::string holder_of(const nb::object& tensor) {
  const nb::object referrers = nb::module_::import_("gc").attr("get_referrers");
  std::vector<nb::object> held = {tensor}, lists;
  std::unordered_set<PyObject*> met;
  for (int step = 0; step < kMostSteps && !held.empty(); ++step) {
    std::vector<nb::object> next;
    for (const nb::object& object : held) {
      lists.push_back(referrers(object));
      met.insert(lists.back().ptr());
      for (nb::handle holder : nb::borrow<nb::list>(lists.back())) {
        if (PyFrame_Check(holder.ptr()) || !met.insert(holder.ptr()).second) continue;
        const std::string name = name_of(holder.ptr(), object.ptr());
        if (!name.empty()) return name;
        next.push_back(nb::borrow(holder));
      }
    }
    held = std::move(next);
  }
  return "something outside of Python";
}

std::vector<nb::object> still_there(const std::vector<nb::object>& references) {
  std::vector<nb::object> tensors;
  for (const nb::object& reference : references) {
    nb::object tensor = reference();
    if (!tensor.is_none()) tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace

std::string left_behind(Pass& pass) {
  if (pass.outlived) return "";
  const std::vector<nb::object> references = pass.tensors.release();
  if (references.empty()) return "";
  // Frees objects that hold each other. Those of the pass are all in the youngest generation.
  nb::module_::import_("gc").attr("collect")(0);
  const std::vector<nb::object> tensors = still_there(references);
  if (tensors.empty()) return "";
  const nb::object shape = tensors.front().attr("shape"), dtype = tensors.front().attr("dtype");
  const std::string first =
      formatted("{} {}", fmt::join(dims_of(shape.ptr()), "x"), name(pass.api.dtype_of(dtype.ptr())));
  const bool one = tensors.size() == 1;
  return formatted(
      "{} still holds {} of this forward, which {} no values: empty it before the model runs again, "
      "or let a module keep {}, as what a module keeps is put back",
      holder_of(tensors.front()),
      one ? formatted("a tensor ({})", first) : formatted("{} tensors ({} the first)", tensors.size(), first),
      one ? "has" : "have", one ? "it" : "them");
}

}  // namespace thoplw::capture

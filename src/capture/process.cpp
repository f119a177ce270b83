// Compares each setting in the cheapest way, since hardly any forward changes one.
#include "capture/process.h"

#include <algorithm>

#include "capture/interrupts.h"

namespace thoplw::capture {
namespace {

nb::handle warnings() {
  static PyObject* module = nb::module_::import_("warnings").release().ptr();
  return module;
}

/// Where torch.set_printoptions keeps what it is given.
nb::handle print_options() {
  static PyObject* options =
      nb::getattr(nb::module_::import_("torch._tensor_str"), "PRINT_OPTS", nb::none()).release().ptr();
  return options;
}

nb::object filters() {
  static PyObject* name = interned("filters");
  return take(PyObject_GetAttr(warnings().ptr(), name));
}

bool is_list_of(const nb::object& list, const std::vector<nb::object>& items) {
  const auto size = static_cast<std::size_t>(PyList_GET_SIZE(list.ptr()));
  return size == items.size() && std::equal(items.begin(), items.end(), PySequence_Fast_ITEMS(list.ptr()),
                                            [](const nb::object& a, PyObject* b) { return a.ptr() == b; });
}

PyObject* loaded(const char* module) { return PyDict_GetItemString(PyImport_GetModuleDict(), module); }

}  // namespace

void Process::keep_numpy() {
  PyObject* umath = loaded("numpy.core.umath");
  if (!umath || !nb::hasattr(nb::handle(umath), "geterrobj")) return;
  numpy_errors_ = nb::handle(umath).attr("geterrobj")().attr("copy")();  // seterr writes to the list itself
  PyObject* printing = loaded("numpy.core.arrayprint");
  const nb::object options =
      printing ? nb::getattr(nb::handle(printing), "_format_options", nb::none()) : nb::object(nb::none());
  if (PyDict_Check(options.ptr())) tables_.dict(options.ptr());
}

Process::Process(const TorchApi& api) : filters_(filters()) {
  std::fegetenv(&arithmetic_);
  for (PyObject* hooks : api.global_hooks) {
    if (PyDict_GET_SIZE(hooks) == 0) {
      tables_.empty(hooks);
    } else {
      tables_.dict(hooks);
    }
  }
  if (!print_options().is_none()) {
    tables_.attributes(print_options().ptr(), take(PyObject_GenericGetDict(print_options().ptr(), nullptr)));
  }
  keep_numpy();
  if (!PyList_Check(filters_.ptr())) return;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(filters_.ptr()); ++i) {
    items_.push_back(nb::borrow(PyList_GET_ITEM(filters_.ptr(), i)));
  }
}

Process::~Process() {
  std::fesetenv(&arithmetic_);
  if (Py_GetRecursionLimit() != depth_) Py_SetRecursionLimit(depth_);
  undo("thoplw: putting what belongs to the process back", [&] {
    if (const std::exception_ptr error = tables_.restore()) std::rethrow_exception(error);
    if (numpy_errors_.is_valid()) nb::handle(loaded("numpy.core.umath")).attr("seterrobj")(numpy_errors_);
    if (!PyList_Check(filters_.ptr()) || (filters().is(filters_) && is_list_of(filters_, items_))) return;
    restore_list(filters_.ptr(), items_);
    nb::setattr(warnings(), "filters", filters_);
    for (const char* mutated : {"_filters_mutated", "_filters_mutated_lock_held"}) {
      if (nb::hasattr(warnings(), mutated)) return static_cast<void>(warnings().attr(mutated)());
    }
  });
}

}  // namespace thoplw::capture

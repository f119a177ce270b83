// Shallow copies of instance dictionaries: enough to undo attributes set, replaced or deleted by a forward.
#include "capture/snapshot.h"

#include "capture/interrupts.h"

namespace thoplw::capture {

void Snapshot::remember(nb::object dict) {
  const std::size_t begin = items_.size();
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(dict.ptr(), &at, &key, &value)) {
    items_.push_back(nb::borrow(key));
    items_.push_back(nb::borrow(value));
  }
  dicts_.push_back({std::move(dict), begin, items_.size()});
}

void Snapshot::take_of(const std::vector<nb::object>& modules) {
  items_.reserve(modules.size() * 50);
  dicts_.reserve(modules.size() * 2);
  for (const nb::object& module : modules) {
    nb::object dict = nb::steal(PyObject_GenericGetDict(module.ptr(), nullptr));
    if (!dict.is_valid()) throw nb::python_error();
    // The tables of parameters, buffers, modules and hooks, and caches that a forward may fill.
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict.ptr(), &at, &key, &value)) {
      if (PyDict_Check(value)) remember(nb::borrow(value));
    }
    remember(std::move(dict));
  }
}

void Snapshot::set_eval(const std::vector<nb::object>& modules) {
  for (const nb::object& module : modules) {
    const nb::object training = attr_or_null(module.ptr(), api_.names.training);
    if (!training.is_valid() || PyObject_IsTrue(training.ptr()) != 1) continue;
    nb::object dict = take(PyObject_GenericGetDict(module.ptr(), nullptr));
    if (PyDict_Contains(dict.ptr(), api_.names.training) == 1) {
      if (PyDict_SetItem(dict.ptr(), api_.names.training, Py_False) < 0) throw nb::python_error();
      training_.push_back(std::move(dict));
    } else {
      // ScriptModule keeps the flag elsewhere: set it its own way, and put it back so.
      module.attr("training") = false;
      scripted_.push_back(module);
    }
  }
}

void Snapshot::restore(const Entries& entries) {
  PyObject* dict = entries.dict.ptr();
  const std::size_t count = (entries.end - entries.begin) / 2;
  bool same = static_cast<std::size_t>(PyDict_GET_SIZE(dict)) == count;
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t at = 0;
  for (std::size_t i = entries.begin; same && PyDict_Next(dict, &at, &key, &value); i += 2) {
    same = key == items_[i].ptr() && value == items_[i + 1].ptr();
  }
  if (same) return;
  entries.dict.attr("clear")();  // not PyDict_Clear: it may be an OrderedDict
  for (std::size_t i = entries.begin; i < entries.end; i += 2) {
    if (PyObject_SetItem(dict, items_[i].ptr(), items_[i + 1].ptr()) < 0) throw nb::python_error();
  }
}

void Snapshot::restore() {
  for (const nb::object& dict : training_) {
    if (PyDict_SetItem(dict.ptr(), api_.names.training, Py_True) < 0) throw nb::python_error();
  }
  for (const Entries& entries : dicts_) restore(entries);
  for (const nb::object& module : scripted_) module.attr("training") = true;
}

RandomState::RandomState(bool numpy) {
  torch_ = torch_api().torch.attr("get_rng_state")();
  const nb::object cuda = torch_api().torch.attr("cuda");
  if (nb::cast<bool>(cuda.attr("is_initialized")())) cuda_ = cuda.attr("get_rng_state_all")();
  python_ = nb::module_::import_("random").attr("getstate")();
  const nb::dict modules = nb::module_::import_("sys").attr("modules");
  // Reading and setting NumPy's state costs 100 us, a tenth of a whole profile: only where data is computed.
  if (numpy && modules.contains("numpy.random")) numpy_ = nb::module_::import_("numpy.random").attr("get_state")();
}

RandomState::~RandomState() {
  undo("thoplw: restoring the random number generators", [&] { restore(); });
}

void RandomState::restore() {
  torch_api().torch.attr("set_rng_state")(torch_);
  if (cuda_.is_valid()) torch_api().torch.attr("cuda").attr("set_rng_state_all")(cuda_);
  nb::module_::import_("random").attr("setstate")(python_);
  if (numpy_.is_valid()) nb::module_::import_("numpy.random").attr("set_state")(numpy_);
}

}  // namespace thoplw::capture

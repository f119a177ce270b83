// Replaces the C functions that make tensors of Python numbers: where meta is asked for they make them on a device with
// values. Torch would drop these before any operator is seen.
#include "capture/listed_values.h"

#include <array>

#include "capture/pass.h"
#include "capture/questions.h"

namespace thoplw::capture {
namespace {

struct Maker {
  const char* name;
  bool method = false;           ///< of a tensor, on whose device the new one is
  PyMethodDef* place = nullptr;  ///< null where this torch has it in another form
  PyCFunctionWithKeywords original = nullptr;
};
std::array<Maker, 4> makers = {{{"tensor"}, {"as_tensor"}, {"asarray"}, {"new_tensor", true}}};
int installed = 0;  // in all threads; Python's lock guards it

bool is_number(PyObject* value) { return PyLong_Check(value) || PyFloat_Check(value); }

/// Arrays and tensors may share memory with what is made of them, and have values of their own.
bool is_listed(PyObject* value) { return PyList_Check(value) || PyTuple_Check(value) || is_number(value); }

bool is_meta(const TorchApi& api, nb::handle device) {
  return api.is_device(device.ptr()) ? device.equal(api.meta_device) : device.equal(nb::str("meta"));
}

bool asks_for_meta(const Maker& maker, PyObject* self, PyObject* kwargs) {
  PyObject* device = kwargs ? PyDict_GetItemString(kwargs, "device") : nullptr;
  const TorchApi& api = torch_api();
  if (device && device != Py_None) return is_meta(api, device);
  return maker.method && take(PyObject_GetAttr(self, api.names.is_meta)).is(nb::bool_(true));
}

/// The keyword arguments with another device; a null object where they are right as they are.
nb::object with_values(const Maker& maker, PyObject* self, PyObject* args, PyObject* kwargs) {
  Pass* pass = Pass::current();
  if (!pass || pass->real || NotTheForward::asks()) return {};
  if (PyTuple_GET_SIZE(args) != 1 || !is_listed(PyTuple_GET_ITEM(args, 0))) return {};
  const NotTheForward we_do;
  if (!asks_for_meta(maker, self, kwargs)) return {};
  nb::object others = kwargs ? take(PyDict_Copy(kwargs)) : nb::object(nb::dict());
  others["device"] = pass->home.is_valid() ? pass->home : pass->api.cpu_device;
  return others;
}

template <std::size_t index>
PyObject* make(PyObject* self, PyObject* args, PyObject* kwargs) {
  const Maker& maker = makers[index];
  try {
    const nb::object others = with_values(maker, self, args, kwargs);
    return maker.original(self, args, others.is_valid() ? others.ptr() : kwargs);
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    set_error(error);
  }
  return nullptr;
}

constexpr std::array<PyCFunctionWithKeywords, 4> kOurs = {make<0>, make<1>, make<2>, make<3>};

PyMethodDef* place_of(const Maker& maker) {
  const TorchApi& api = torch_api();
  PyMethodDef* place = nullptr;
  if (maker.method) {
    PyObject* found = in_class(api.tensor_type.ptr(), interned(maker.name));
    if (found && Py_TYPE(found) == &PyMethodDescr_Type) {
      place = reinterpret_cast<PyMethodDescrObject*>(found)->d_method;
    }
  } else {
    const nb::object found = nb::getattr(api.torch, maker.name, nb::none());
    if (PyCFunction_Check(found.ptr())) place = reinterpret_cast<PyCFunctionObject*>(found.ptr())->m_ml;
  }
  const bool fits = place && (place->ml_flags & (METH_VARARGS | METH_KEYWORDS)) == (METH_VARARGS | METH_KEYWORDS);
  return fits ? place : nullptr;
}

PyCFunction as_plain(PyCFunctionWithKeywords function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

ListedValues::ListedValues() {
  if (installed++ > 0) return;
  for (std::size_t i = 0; i < makers.size(); ++i) {
    Maker& maker = makers[i];
    if (!maker.original && (maker.place = place_of(maker))) {
      maker.original = reinterpret_cast<PyCFunctionWithKeywords>(reinterpret_cast<void (*)()>(maker.place->ml_meth));
    }
    if (maker.place) maker.place->ml_meth = as_plain(kOurs[i]);
  }
}

ListedValues::~ListedValues() {
  if (--installed > 0) return;
  for (Maker& maker : makers) {
    if (maker.place) maker.place->ml_meth = as_plain(maker.original);
  }
}

}  // namespace thoplw::capture

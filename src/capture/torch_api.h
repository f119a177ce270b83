// The parts of torch that capture uses, looked up once per process. Nothing here links libtorch.
#pragma once

#include <array>
#include <unordered_map>
#include <vector>

#include "capture/python.h"
#include "operators/shape/shape.h"

namespace thoplw::capture {

struct TorchApi {
  nb::object torch;
  nb::object tensor_type;         ///< torch.Tensor
  nb::object parameter_type;      ///< torch.nn.Parameter
  nb::object uninitialized_type;  ///< what parameters and buffers of lazy modules are
  nb::object module_type;         ///< torch.nn.Module
  nb::object dtype_type;          ///< torch.dtype
  nb::object device_type;         ///< torch.device
  nb::object op_overload_type;
  nb::object script_object_type;
  nb::object script_module_type;  ///< what a module of TorchScript has inside
  nb::object strided;             ///< the layout of plain tensors
  nb::object empty_strided;
  nb::object as_strided;
  nb::object meta_device;
  nb::object cpu_device;
  nb::object push_mode, pop_mode;
  nb::object inference_guard;       ///< torch._C._InferenceMode
  bool inference_guard_enters;      ///< by __enter__; before torch 2.1 it is in force from its making to its end
  nb::object set_grad_enabled;      ///< torch._C._set_grad_enabled
  nb::object grad_enabled;          ///< torch.is_grad_enabled
  nb::object count_modes;           ///< torch._C._len_torch_dispatch_stack
  nb::object count_function_modes;  ///< torch._C._len_torch_function_stack
  nb::object innermost_transform;   ///< of torch.func: torch._C._functorch.peek_interpreter_stack
  nb::object has_kernel;            ///< torch._C._dispatch_has_kernel_for_dispatch_key
  nb::object inplace_view_tag, seeded_tag;
  nb::object find_dispatch_rule;  ///< torch._library.simple_registry.find_torch_dispatch_rule, or None before torch 2.5
  nb::object empty_names;         ///< ("dtype", "device"), for empty_strided
  bool pop_takes_key = true;
  std::unordered_map<PyObject*, DType> dtypes;
  std::unordered_map<DType, PyObject*> dtype_objects;

  struct Names {
    PyObject *layout, *shape, *stride, *dtype, *device, *is_meta, *storage_offset, *data, *forward;
    PyObject *modules, *parameters, *buffers, *training, *requires_grad;
    PyObject *call, *call_impl, *decompose, *script, *module_name, *module_file;
    PyObject *enter, *exit;
    std::array<PyObject*, 4> hooks;  ///< attributes of a module that hold its own hooks
  } names{};
  std::vector<PyObject*> global_hooks;  ///< dictionaries of hooks for all modules

  bool is_tensor(PyObject* object) const {
    return is_plain_tensor(object) ||
           PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject*>(tensor_type.ptr())) != 0;
  }
  /// A tensor or parameter of torch's own class, not of a subclass with a mind of its own.
  bool is_plain_tensor(PyObject* object) const {
    PyTypeObject* type = Py_TYPE(object);
    return type == reinterpret_cast<PyTypeObject*>(tensor_type.ptr()) ||
           type == reinterpret_cast<PyTypeObject*>(parameter_type.ptr());
  }
  bool is_device(PyObject* object) const {
    return Py_TYPE(object) == reinterpret_cast<PyTypeObject*>(device_type.ptr());
  }
  bool is_script_object(PyObject* object) const {
    return Py_TYPE(object) == reinterpret_cast<PyTypeObject*>(script_object_type.ptr());
  }
  bool is_module(PyObject* object) const {
    return PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject*>(module_type.ptr())) != 0;
  }
  DType dtype_of(PyObject* torch_dtype) const;

  /// A new meta tensor; sizes and strides in elements.
  nb::object new_meta(const Strided& layout) const;
  void push(PyObject* mode) const;
  /// The mode that was the innermost.
  nb::object pop() const;
  /// How many dispatch modes are on.
  std::size_t modes_on() const;
  /// Whether autograd is switched on, as whoever asks is told.
  bool records_grad() const { return take(PyObject_CallNoArgs(grad_enabled.ptr())).is(nb::handle(Py_True)); }
  /// Whether there are function modes, or a transform of torch.func is in progress.
  bool transforms() const;
};

/// Imports torch on first use.
const TorchApi& torch_api();

nb::object to_tuple(const Dims& dims);

}  // namespace thoplw::capture

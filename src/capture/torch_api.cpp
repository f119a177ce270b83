// Looks up torch's functions and classes by name, once.
#include "capture/torch_api.h"

#include <array>
#include <utility>

namespace thoplw::capture {
namespace {

constexpr std::array<std::pair<const char*, DType>, 25> kDTypes = {{
    {"float32", DType::f32},
    {"float64", DType::f64},
    {"float16", DType::f16},
    {"bfloat16", DType::bf16},
    {"bool", DType::boolean},
    {"uint8", DType::u8},
    {"int8", DType::i8},
    {"int16", DType::i16},
    {"int32", DType::i32},
    {"int64", DType::i64},
    {"uint16", DType::u16},
    {"uint32", DType::u32},
    {"uint64", DType::u64},
    {"complex32", DType::c32},
    {"complex64", DType::c64},
    {"complex128", DType::c128},
    {"float8_e4m3fn", DType::f8e4m3},
    {"float8_e5m2", DType::f8e5m2},
    {"float8_e4m3fnuz", DType::f8e4m3fnuz},
    {"float8_e5m2fnuz", DType::f8e5m2fnuz},
    {"float8_e8m0fnu", DType::f8e8m0},
    {"float4_e2m1fn_x2", DType::f4},
    {"qint8", DType::qi8},
    {"quint8", DType::qu8},
    {"qint32", DType::qi32},
}};

TorchApi::Names make_names() {
  TorchApi::Names n{};
  n.layout = interned("layout");
  n.shape = interned("shape");
  n.stride = interned("stride");
  n.dtype = interned("dtype");
  n.device = interned("device");
  n.is_meta = interned("is_meta");
  n.storage_offset = interned("storage_offset");
  n.data = interned("data");
  n.forward = interned("forward");
  n.modules = interned("_modules");
  n.parameters = interned("_parameters");
  n.buffers = interned("_buffers");
  n.training = interned("training");
  n.requires_grad = interned("requires_grad");
  n.hooks = {interned("_forward_hooks"), interned("_forward_pre_hooks"), interned("_backward_hooks"),
             interned("_backward_pre_hooks")};
  n.call = interned("__call__");
  n.call_impl = interned("_call_impl");
  n.decompose = interned("decompose");
  n.enter = interned("__enter__");
  n.exit = interned("__exit__");
  n.script = interned("_c");
  n.module_name = interned("__name__");
  n.module_file = interned("__file__");
  return n;
}

nb::object find_dispatch_rule() {
  try {
    return nb::module_::import_("torch._library.simple_registry").attr("find_torch_dispatch_rule");
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
    return nb::none();
  }
}

TorchApi load() {
  TorchApi api;
  api.torch = nb::module_::import_("torch");
  const nb::object& torch = api.torch;
  nb::object c = torch.attr("_C");
  api.tensor_type = torch.attr("Tensor");
  api.parameter_type = torch.attr("nn").attr("Parameter");
  api.uninitialized_type = nb::module_::import_("torch.nn.parameter").attr("UninitializedTensorMixin");
  api.module_type = torch.attr("nn").attr("Module");
  api.dtype_type = torch.attr("dtype");
  api.device_type = torch.attr("device");
  api.op_overload_type = torch.attr("_ops").attr("OpOverload");
  api.script_object_type = torch.attr("ScriptObject");
  api.script_module_type = c.attr("ScriptModule");
  api.strided = torch.attr("strided");
  api.empty_strided = torch.attr("empty_strided");
  api.as_strided = torch.attr("as_strided");
  api.meta_device = api.device_type("meta");
  api.cpu_device = api.device_type("cpu");
  api.push_mode = c.attr("_push_on_torch_dispatch_stack");
  api.pop_mode = c.attr("_pop_torch_dispatch_stack");
  api.inference_guard = c.attr("_InferenceMode");
  api.inference_guard_enters = nb::hasattr(api.inference_guard, "__enter__");
  api.set_grad_enabled = c.attr("_set_grad_enabled");
  api.grad_enabled = api.torch.attr("is_grad_enabled");
  api.count_modes = c.attr("_len_torch_dispatch_stack");
  api.count_function_modes = c.attr("_len_torch_function_stack");
  api.innermost_transform = c.attr("_functorch").attr("peek_interpreter_stack");
  api.has_kernel = c.attr("_dispatch_has_kernel_for_dispatch_key");
  api.inplace_view_tag = torch.attr("Tag").attr("inplace_view");
  api.seeded_tag = torch.attr("Tag").attr("nondeterministic_seeded");
  api.find_dispatch_rule = find_dispatch_rule();
  api.empty_names = nb::make_tuple("dtype", "device");
  for (const auto& [name, dtype] : kDTypes) {
    if (!nb::hasattr(torch, name)) continue;  // older torch has fewer
    nb::object object = torch.attr(name);
    api.dtypes.emplace(object.ptr(), dtype);
    api.dtype_objects.emplace(dtype, object.release().ptr());
  }
  api.names = make_names();
  const nb::object modules = nb::module_::import_("torch.nn.modules.module");
  for (const char* name :
       {"_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks", "_global_backward_pre_hooks"}) {
    if (nb::hasattr(modules, name)) api.global_hooks.push_back(modules.attr(name).ptr());  // never rebound
  }
  // Before torch 2.1 the function that pops a mode takes no argument.
  api.pop_takes_key = nb::hasattr(c, "_TorchDispatchModeKey");
  return api;
}

}  // namespace

const TorchApi& torch_api() {
  static const TorchApi* api = new TorchApi(load());  // never destroyed: the interpreter may be gone first
  return *api;
}

DType TorchApi::dtype_of(PyObject* torch_dtype) const {
  const auto found = dtypes.find(torch_dtype);
  return found == dtypes.end() ? DType::other : found->second;
}

nb::object to_tuple(const Dims& dims) {
  PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(dims.size()));
  if (!tuple) throw nb::python_error();
  for (std::size_t i = 0; i < dims.size(); ++i) {
    PyTuple_SET_ITEM(tuple, static_cast<Py_ssize_t>(i), PyLong_FromLongLong(dims[i]));
  }
  return nb::steal(tuple);
}

nb::object TorchApi::new_meta(const Strided& layout) const {
  const nb::object sizes = to_tuple(layout.sizes);
  const nb::object strides = to_tuple(layout.strides);
  const auto dtype = dtype_objects.find(layout.dtype);
  if (dtype == dtype_objects.end()) throw nb::type_error("element type unknown to this version of torch");
  PyObject* arguments[] = {sizes.ptr(), strides.ptr(), dtype->second, meta_device.ptr()};
  return take(PyObject_Vectorcall(empty_strided.ptr(), arguments, 2, empty_names.ptr()));
}

void TorchApi::push(PyObject* mode) const { take(PyObject_CallOneArg(push_mode.ptr(), mode)); }

nb::object TorchApi::pop() const {
  return take(pop_takes_key ? PyObject_CallOneArg(pop_mode.ptr(), Py_None) : PyObject_CallNoArgs(pop_mode.ptr()));
}

std::size_t TorchApi::modes_on() const { return PyLong_AsSize_t(take(PyObject_CallNoArgs(count_modes.ptr())).ptr()); }

bool TorchApi::transforms() const {
  return PyLong_AsSize_t(take(PyObject_CallNoArgs(count_function_modes.ptr())).ptr()) > 0 ||
         !take(PyObject_CallNoArgs(innermost_transform.ptr())).is_none();
}

}  // namespace thoplw::capture

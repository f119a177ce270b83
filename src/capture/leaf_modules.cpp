// A table of torch's leaf modules: which operator each is, and where the operator's arguments come from.
#include "capture/leaf_modules.h"

#include <algorithm>
#include <array>

#include "capture/native_answers.h"
#include "capture/real_kernels.h"
#include "capture/torchs_own.h"

namespace thoplw::capture {

namespace {

/// Where one argument of the operator comes from, in schema order.
struct Source {
  enum class From : std::uint8_t { end, input, param, buffer, attr, yes, none };
  From from = From::end;
  const char* name = "";
  int copies = 1;                  ///< an attribute that is one int stands for that many
  const char* argument = nullptr;  ///< what the operator calls it, where that is another name

  constexpr std::string_view called() const { return argument ? argument : name; }
};
using enum Source::From;

constexpr Source kX{input};
constexpr Source kWeight{param, "weight"};
constexpr Source kBias{param, "bias"};
constexpr Source kYes{yes}, kNothing{none};
constexpr Source own(const char* name, int copies = 1) { return {attr, name, copies}; }

}  // namespace

struct Leaf {
  std::string_view cls;
  std::string_view op;  ///< with a trailing underscore where the module's `inplace` is true
  std::array<Source, 9> sources;
  int dims = 0;                 ///< the rank that forward insists on; 0: any
  const char* needs = nullptr;  ///< an attribute that must be false or "zeros"
  bool counts = false;          ///< in training it counts its batches
};

namespace {

constexpr Leaf kLeaves[] = {
    {"torch.nn.AdaptiveAvgPool2d", "aten::adaptive_avg_pool2d", {kX, own("output_size", 2)}},
    {"torch.nn.AvgPool2d",
     "aten::avg_pool2d",
     {kX, own("kernel_size", 2), own("stride", 2), own("padding", 2), own("ceil_mode"), own("count_include_pad"),
      own("divisor_override")}},
    {"torch.nn.BatchNorm2d",
     "aten::batch_norm",
     {kX, kWeight, kBias, Source{buffer, "running_mean"}, Source{buffer, "running_var"}, own("training"),
      own("momentum"), own("eps"), kYes},
     4,
     nullptr,
     true},
    {"torch.nn.Conv1d",
     "aten::conv1d",
     {kX, kWeight, kBias, own("stride"), own("padding"), own("dilation"), own("groups")},
     0,
     "padding_mode"},
    {"torch.nn.Conv2d",
     "aten::conv2d",
     {kX, kWeight, kBias, own("stride"), own("padding"), own("dilation"), own("groups")},
     0,
     "padding_mode"},
    {"torch.nn.Dropout", "aten::dropout", {kX, own("p"), {attr, "training", 1, "train"}}},
    {"torch.nn.Flatten", "aten::flatten", {kX, own("start_dim"), own("end_dim")}},
    {"torch.nn.GELU", "aten::gelu", {kX, own("approximate")}},
    {"torch.nn.Hardsigmoid", "aten::hardsigmoid", {kX}},
    {"torch.nn.Hardswish", "aten::hardswish", {kX}},
    {"torch.nn.LayerNorm", "aten::layer_norm", {kX, own("normalized_shape"), kWeight, kBias, own("eps"), kYes}},
    {"torch.nn.Linear", "aten::linear", {kX, kWeight, kBias}},
    {"torch.nn.MaxPool2d",
     "aten::max_pool2d",
     {kX, own("kernel_size", 2), own("stride", 2), own("padding", 2), own("dilation", 2), own("ceil_mode")},
     0,
     "return_indices"},
    {"torch.nn.ReLU", "aten::relu", {kX}},
    {"torch.nn.ReLU6", "aten::hardtanh", {kX, own("min_val"), own("max_val")}},
    {"torch.nn.SiLU", "aten::silu", {kX}},
    {"torch.nn.Sigmoid", "aten::sigmoid", {kX}},
    {"torch.nn.Softmax", "aten::softmax", {kX, own("dim"), kNothing}},
    {"torch.nn.Tanh", "aten::tanh", {kX}},
};

/// Interned once: the hot path looks attributes up by identity.
PyObject* name_object(const char* name) {
  static auto* names = new std::unordered_map<const char*, PyObject*>;
  PyObject*& object = (*names)[name];
  if (!object) object = interned(name);
  return object;
}

/// What the forward of a leaf class calls; empty where it has been patched when it was first met.
ForwardPath& path_of(const Leaf& leaf) {
  static auto* paths = new std::array<ForwardPath, std::size(kLeaves)>;
  return (*paths)[static_cast<std::size_t>(&leaf - kLeaves)];
}

/// Whether other modes or a transform are to see the operator, or its path has been patched.
bool intercepted(Pass& pass, const Leaf& leaf) {
  return pass.api.transforms() || pass.api.modes_on() != pass.strand().modes_on || !path_of(leaf).unaltered();
}

/// Whether the instance has something in place of its class's forward, or of the part of it that convolutions share.
bool has_own_forward(const TorchApi& api, PyObject* dict) {
  return PyDict_Contains(dict, api.names.forward) != 0 || PyDict_Contains(dict, name_object("_conv_forward")) != 0;
}

PyObject* entry(PyObject* dict, PyObject* table, const char* name) {
  PyObject* found = PyDict_GetItem(dict, table);
  return found && PyDict_Check(found) ? PyDict_GetItem(found, name_object(name)) : nullptr;
}

/// The Python value of one argument, borrowed; null where the module does not hold it as expected.
PyObject* value_of(const TorchApi& api, const Source& source, PyObject* dict, PyObject* input_tensor) {
  switch (source.from) {
    case input:
      return input_tensor;
    case param:
      return entry(dict, api.names.parameters, source.name);
    case buffer:
      return entry(dict, api.names.buffers, source.name);
    case attr:
      return PyDict_GetItem(dict, name_object(source.name));
    case yes:
      return Py_True;
    default:
      return Py_None;
  }
}

bool allows(const Leaf& leaf, PyObject* dict) {
  if (!leaf.needs) return true;
  PyObject* value = PyDict_GetItem(dict, name_object(leaf.needs));
  return value == Py_False ||
         (value && PyUnicode_Check(value) && PyUnicode_CompareWithASCIIString(value, "zeros") == 0);
}

/// Reads the operator's arguments out of the module. False where one is not what the table expects.
bool read_leaf(Pass& pass, const Leaf& leaf, PyObject* dict, PyObject* input_tensor, Arguments& read) {
  read.clear();
  for (const Source& source : leaf.sources) {
    if (source.from == Source::From::end) break;
    PyObject* value = value_of(pass.api, source, dict, input_tensor);
    const bool tensor = source.from == input || source.from == param || source.from == buffer;
    if (!value || (source.from == buffer && value == Py_None)) return false;  // batch norm without statistics
    if (tensor && value == Py_None) read.tensors.push_back(nullptr);
    if (tensor && value != Py_None && !pass.api.is_plain_tensor(value)) return false;
    read.add(pass.api, pass.tensors, value, source.copies);
  }
  return true;
}

/// Whether a norm in training does what it does by default: keeps statistics with a momentum, of more than one value.
bool may_count(const TorchApi& api, PyObject* dict, const Strided& x) {
  PyObject* batches = entry(dict, api.names.buffers, "num_batches_tracked");
  PyObject* momentum = PyDict_GetItem(dict, name_object("momentum"));
  return batches && api.is_plain_tensor(batches) && momentum && PyFloat_Check(momentum) &&
         PyDict_GetItem(dict, name_object("track_running_stats")) == Py_True && x.dim() > 1 && x.sizes[1] > 0 &&
         elements(x.sizes) > x.sizes[1];
}

/// self.num_batches_tracked.add_(1), but for its value.
void count_batch(Pass& pass, PyObject* dict) {
  PyObject* batches = entry(dict, pass.api.names.buffers, "num_batches_tracked");
  mark_stale(pass, batches);
  const Id value = pass.tensors.known(batches).value;
  Op& op = add_op(pass, "aten::add_");
  op.in = op.out = {value};
}

}  // namespace

const Leaf* find_leaf(nb::handle type, std::string_view name) {
  for (const Leaf& leaf : kLeaves) {
    if (leaf.cls != name) continue;
    ForwardPath& path = path_of(leaf);
    if (path.empty()) path = ForwardPath(type, leaf.op.substr(leaf.op.find("::") + 2));
    return path.unaltered() ? &leaf : nullptr;
  }
  return nullptr;
}

namespace {

bool has_torchs_call_impl(const TorchApi& api, PyTypeObject* type) {
  static PyObject* torchs = nullptr;
  PyObject* found = in_class(reinterpret_cast<PyObject*>(type), api.names.call_impl);
  if (found == torchs) return true;
  if (!is_torchs_function(found, "torch.nn.modules.module")) return false;
  torchs = Py_NewRef(found);
  return true;
}

}  // namespace

bool has_hooks(const TorchApi& api, PyTypeObject* type, PyObject* dict) {
  if (PyDict_Contains(dict, api.names.call_impl) != 0 || !has_torchs_call_impl(api, type)) return true;
  for (PyObject* hooks : api.global_hooks) {
    if (PyDict_GET_SIZE(hooks) > 0) return true;
  }
  for (PyObject* name : api.names.hooks) {
    PyObject* hooks = PyDict_GetItem(dict, name);
    if (hooks && (!PyDict_Check(hooks) || PyDict_GET_SIZE(hooks) > 0)) return true;
  }
  return false;
}

nb::object run_leaf(Pass& pass, const Leaf& leaf, PyObject* module, PyObject* input_tensor) {
  const TorchApi& api = pass.api;
  const nb::object instance = take(PyObject_GenericGetDict(module, nullptr));
  PyObject* dict = instance.ptr();
  if (!api.is_plain_tensor(input_tensor) || !pass.native_rules || pass.real || pass.autograd) return {};
  if (intercepted(pass, leaf)) return {};
  if (has_hooks(api, Py_TYPE(module), dict) || has_own_forward(api, dict) || !allows(leaf, dict)) return {};
  KnownTensor& tensor = pass.tensors.known(input_tensor);
  if (!pass.tensors.is_meta(tensor) || (leaf.dims != 0 && tensor.layout.dim() != leaf.dims)) return {};
  const bool counts = leaf.counts && PyDict_GetItem(dict, api.names.training) == Py_True;
  if (counts && !may_count(api, dict, tensor.layout)) return {};
  const BorrowedArguments borrowed(pass);
  if (!read_leaf(pass, leaf, dict, input_tensor, *borrowed)) return {};
  if (counts) count_batch(pass, dict);
  const bool in_place = PyDict_GetItem(dict, name_object("inplace")) == Py_True;
  std::array<std::string_view, std::tuple_size_v<decltype(leaf.sources)>> arguments;
  std::ranges::transform(leaf.sources, arguments.begin(), &Source::called);
  return answer_leaf(pass, leaf.op, in_place, arguments, *borrowed);
}

}  // namespace thoplw::capture

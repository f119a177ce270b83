// Converts Python values to Arg without allocating on the hot path.
#include "capture/arguments.h"

#include <string>
#include <unordered_map>

namespace thoplw::capture {
namespace {

constexpr std::size_t kMaxInts = 512;
constexpr std::size_t kMaxReals = 64;
constexpr std::size_t kMaxTensors = 4096;

/// The str() of layouts, memory formats and the like, which are a handful of singletons.
std::string_view text_of_singleton(PyObject* value) {
  static auto* texts = new std::unordered_map<PyObject*, std::string>;
  const auto found = texts->find(value);
  if (found != texts->end()) return found->second;
  const std::string_view type = Py_TYPE(value)->tp_name;
  if (type != "torch.memory_format" && type != "torch.layout") return "";
  Py_INCREF(value);
  return texts->emplace(value, str_of(value)).first->second;
}

bool is_int_list(PyObject* const* items, Py_ssize_t size) {
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (!PyLong_Check(items[i]) || PyBool_Check(items[i])) return false;
  }
  return true;
}

bool is_real_list(PyObject* const* items, Py_ssize_t size) {
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (!PyFloat_Check(items[i]) && (!PyLong_Check(items[i]) || PyBool_Check(items[i]))) return false;
  }
  return true;
}

/// A scalar or other single value; lists are `other`.
Arg single_arg(const TorchApi* api, PyObject* value) {
  Arg arg;
  if (value == Py_None) return arg;
  if (PyBool_Check(value)) {
    arg.kind = Arg::Kind::boolean;
    arg.integer = value == Py_True;
    arg.real = static_cast<double>(arg.integer);
  } else if (PyLong_Check(value)) {
    int overflow = 0;
    arg.kind = Arg::Kind::integer;
    arg.integer = PyLong_AsLongLongAndOverflow(value, &overflow);
    arg.real = static_cast<double>(arg.integer);
    if (overflow) arg.kind = Arg::Kind::other;
  } else if (PyFloat_Check(value)) {
    arg.kind = Arg::Kind::real;
    arg.real = PyFloat_AS_DOUBLE(value);
  } else if (PyUnicode_Check(value)) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(value, &size);
    arg.kind = Arg::Kind::text;
    if (data) arg.text = {data, static_cast<std::size_t>(size)};
  } else if (api && Py_TYPE(value) == reinterpret_cast<PyTypeObject*>(api->dtype_type.ptr())) {
    arg.kind = Arg::Kind::dtype;
    arg.dtype = api->dtype_of(value);
  } else {
    arg.kind = Arg::Kind::other;
    arg.text = text_of_singleton(value);
  }
  return arg;
}

struct Reader {
  const TorchApi& api;
  TensorTable& table;
  Arguments& out;

  Arg read(PyObject* value) {
    if (api.is_tensor(value)) {
      KnownTensor& tensor = table.known(value);
      table.require_form(tensor);
      out.tensors.push_back(&tensor);
      Arg arg;
      arg.kind = Arg::Kind::tensor;
      arg.tensor = &tensor.layout;
      return arg;
    }
    if (PyList_Check(value) || PyTuple_Check(value)) return read_list(value);
    if (api.is_script_object(value)) add_inside(value);
    return single_arg(&api, value);
  }

  /// Packed weights count among the tensors; shape rules do not see them.
  void add_inside(PyObject* value) {
    for (KnownTensor* tensor : table.inside(value)) {
      table.require_form(*tensor);
      out.tensors.push_back(tensor);
    }
  }

  /// Numbers, not all integers, such as the factors of an interpolation.
  Arg read_reals(PyObject* const* items, std::size_t size) {
    const std::size_t begin = out.reals.size();
    if (begin + size > kMaxReals) return other();
    for (std::size_t i = 0; i < size; ++i) out.reals.push_back(PyFloat_AsDouble(items[i]));
    Arg arg;
    arg.kind = Arg::Kind::reals;
    arg.reals = std::span(out.reals).last(size);
    return arg;
  }

  Arg read_list(PyObject* value) {
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(value);
    PyObject** items = PySequence_Fast_ITEMS(value);
    Arg arg;
    if (is_int_list(items, size)) {
      arg.kind = Arg::Kind::ints;
      const std::size_t begin = out.ints.size();
      if (begin + static_cast<std::size_t>(size) > kMaxInts) return other();
      for (Py_ssize_t i = 0; i < size; ++i) out.ints.push_back(PyLong_AsLongLong(items[i]));
      arg.ints = {out.ints.data() + begin, static_cast<std::size_t>(size)};
      return arg;
    }
    if (is_real_list(items, size)) return read_reals(items, static_cast<std::size_t>(size));
    arg.kind = Arg::Kind::tensors;
    const std::size_t begin = out.lists.size();
    const bool fits = begin + static_cast<std::size_t>(size) <= kMaxTensors;
    bool only_tensors = true;
    for (Py_ssize_t i = 0; i < size; ++i) {
      const bool tensor = api.is_tensor(items[i]);
      only_tensors &= tensor || items[i] == Py_None;
      KnownTensor* known = tensor ? &table.known(items[i]) : nullptr;
      if (known) table.require_form(*known);
      if (api.is_script_object(items[i])) {
        add_inside(items[i]);
        continue;
      }
      out.tensors.push_back(known);
      if (fits) out.lists.push_back(known ? &known->layout : nullptr);
    }
    if (!fits || !only_tensors) return other();
    arg.tensors = {out.lists.data() + begin, static_cast<std::size_t>(size)};
    return arg;
  }

  static Arg other() {
    Arg arg;
    arg.kind = Arg::Kind::other;
    return arg;
  }
};

}  // namespace

void Arguments::clear() {
  args.clear();
  objects.clear();
  tensors.clear();
  lists.clear();
  ints.clear();
  reals.clear();
  lists.reserve(kMaxTensors);  // what spans point into must not move
  ints.reserve(kMaxInts);
  reals.reserve(kMaxReals);
}

void Arguments::add(const TorchApi& api, TensorTable& table, PyObject* value, int copies) {
  Arg arg = Reader{api, table, *this}.read(value);
  if (copies > 1 && arg.kind == Arg::Kind::integer && ints.size() + static_cast<std::size_t>(copies) <= kMaxInts) {
    ints.insert(ints.end(), static_cast<std::size_t>(copies), arg.integer);
    arg.kind = Arg::Kind::ints;
    arg.ints = std::span(ints).last(static_cast<std::size_t>(copies));
  }
  args.push_back(arg);
}

Arg constant_arg(PyObject* value, Dims& ints) {
  if ((PyList_Check(value) || PyTuple_Check(value)) &&
      is_int_list(PySequence_Fast_ITEMS(value), PySequence_Fast_GET_SIZE(value))) {
    ints = dims_of(value);
    Arg arg;
    arg.kind = Arg::Kind::ints;
    arg.ints = ints;
    return arg;
  }
  return single_arg(&torch_api(), value);
}

void read_arguments(const TorchApi& api, const Operator& op, PyObject* args, PyObject* kwargs, TensorTable& table,
                    Arguments& out) {
  out.clear();
  const std::size_t positional = static_cast<std::size_t>(PyTuple_GET_SIZE(args));
  for (std::size_t i = 0; i < op.args.size(); ++i) {
    const SchemaArg& schema = op.args[i];
    PyObject* value = nullptr;
    if (i < positional) {
      value = PyTuple_GET_ITEM(args, static_cast<Py_ssize_t>(i));
    } else if (kwargs) {
      value = PyDict_GetItem(kwargs, schema.name);  // borrowed
    }
    out.objects.push_back(value);
    if (schema.tensor && (!value || value == Py_None)) out.tensors.push_back(nullptr);
    if (value) {
      out.add(api, table, value);
    } else {
      out.args.push_back(schema.fallback_arg);
      // A default list lives in this Operator's SchemaArg, which has moved since it was read.
      if (schema.fallback_arg.kind == Arg::Kind::ints) out.args.back().ints = schema.fallback_ints;
    }
  }
}

}  // namespace thoplw::capture

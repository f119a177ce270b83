// Tensors by object identity; layouts are read from torch once and carried along from then on.
#include "capture/tensors.h"

namespace thoplw::capture {

Dims dims_of(PyObject* sequence) {
  const nb::object fast = take(PySequence_Fast(sequence, "expected a sequence of integers"));
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(fast.ptr());
  Dims dims(static_cast<std::size_t>(size));
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(fast.ptr(), i);
    dims[static_cast<std::size_t>(i)] = PyLong_AsLongLong(item);
    if (dims[static_cast<std::size_t>(i)] == -1 && PyErr_Occurred()) throw nb::python_error();
  }
  return dims;
}

Strided TensorTable::read_type_and_shape(PyObject* tensor) const {
  const nb::object shape = take(PyObject_GetAttr(tensor, api_.names.shape));
  const nb::object dtype = take(PyObject_GetAttr(tensor, api_.names.dtype));
  return {.dtype = api_.dtype_of(dtype.ptr()), .sizes = dims_of(shape.ptr()), .strides = {}};
}

KnownTensor& TensorTable::insert(PyObject* tensor, Strided layout) {
  const Id value = static_cast<Id>(trace_.values.size());
  trace_.values.push_back({layout.dtype, layout.sizes});
  KnownTensor& entry = tensors_.emplace_back();
  entry.object = tensor;
  if (hold) entry.keep = nb::borrow(tensor);
  entry.layout = std::move(layout);
  entry.value = value;
  by_object_.insert_or_assign(tensor, &entry);
  return entry;
}

KnownTensor& TensorTable::known(PyObject* tensor) {
  const auto found = by_object_.find(tensor);
  if (found == by_object_.end()) return insert(tensor, read_type_and_shape(tensor));
  KnownTensor& entry = *found->second;
  if (!hold && !entry.keep.is_valid()) {
    // The object may be another one at the same address: believe what it says of itself.
    Strided layout = read_type_and_shape(tensor);
    if (layout.dtype != entry.layout.dtype || layout.sizes != entry.layout.sizes)
      return insert(tensor, std::move(layout));
  }
  return entry;
}

KnownTensor& TensorTable::add(PyObject* tensor) { return insert(tensor, read_type_and_shape(tensor)); }

void TensorTable::refresh(KnownTensor& tensor) {
  tensor.layout = read_type_and_shape(tensor.object);
  tensor.strides_known = false;
  tensor.twin.reset();
  tensor.value = static_cast<Id>(trace_.values.size());
  trace_.values.push_back({tensor.layout.dtype, tensor.layout.sizes});
}

const Strided& TensorTable::strided(KnownTensor& tensor) {
  if (!tensor.strides_known) {
    const nb::object strides = take(PyObject_CallMethodNoArgs(tensor.object, api_.names.stride));
    tensor.layout.strides = dims_of(strides.ptr());
    tensor.strides_known = true;
  }
  return tensor.layout;
}

bool TensorTable::is_meta(KnownTensor& tensor) {
  if (tensor.place == KnownTensor::Place::unknown) {
    const nb::object meta = take(PyObject_GetAttr(tensor.object, api_.names.is_meta));
    tensor.place = meta.is(nb::bool_(true)) ? KnownTensor::Place::meta : KnownTensor::Place::real;
  }
  return tensor.place == KnownTensor::Place::meta;
}

PyObject* TensorTable::meta_of(KnownTensor& tensor) {
  if (is_meta(tensor)) return tensor.object;
  if (!tensor.twin.is_valid()) {
    tensor.twin = api_.new_meta(strided(tensor));
    originals_.emplace(tensor.twin.ptr(), tensor.object);
  }
  return tensor.twin.ptr();
}

PyObject* TensorTable::original_of(PyObject* twin) const {
  const auto found = originals_.find(twin);
  return found == originals_.end() ? nullptr : found->second;
}

nb::object TensorTable::make(Strided layout) {
  nb::object result = share ? detached(layout) : api_.new_meta(layout);
  KnownTensor& entry = insert(result.ptr(), std::move(layout));
  entry.place = KnownTensor::Place::meta;
  entry.strides_known = true;
  return result;
}

nb::object TensorTable::detached(const Strided& layout) {
  std::size_t key = static_cast<std::size_t>(layout.dtype) * 31 + layout.sizes.size();
  for (const std::int64_t size : layout.sizes) key = key * 1'000'003 + static_cast<std::size_t>(size);
  for (const std::int64_t stride : layout.strides) key = key * 1'000'003 + static_cast<std::size_t>(stride);
  PyObject* source = nullptr;
  for (auto [at, end] = templates_.equal_range(key); at != end; ++at) {
    const Strided& layout_there = at->second.first;
    if (layout_there.dtype == layout.dtype && layout_there.sizes == layout.sizes &&
        layout_there.strides == layout.strides) {
      source = at->second.second.ptr();
      break;
    }
  }
  if (!source) {
    source = templates_.emplace(key, std::pair{layout, api_.new_meta(layout)})->second.second.ptr();
  }
  return take(PyObject_CallMethodNoArgs(source, api_.names.detach));
}

}  // namespace thoplw::capture

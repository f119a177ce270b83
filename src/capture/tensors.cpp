// Finds tensors by object identity. A layout is read from torch once and carried along from then on.
#include "capture/tensors.h"

#include <algorithm>
#include <utility>

#include "capture/known_values.h"
#include "capture/questions.h"
#include "capture/sparse_and_quantized.h"
#include "capture/writes.h"

namespace thoplw::capture {

Dims dims_of(PyObject* sequence) {
  const nb::object fast = PyTuple_Check(sequence)  // torch.Size is one
                              ? nb::borrow(sequence)
                              : take(PySequence_Fast(sequence, "expected a sequence of integers"));
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(fast.ptr());
  Dims dims(static_cast<std::size_t>(size));
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(fast.ptr(), i);
    dims[static_cast<std::size_t>(i)] = PyLong_AsLongLong(item);
    if (dims[static_cast<std::size_t>(i)] == -1 && PyErr_Occurred()) throw nb::python_error();
  }
  return dims;
}

TensorTable::Read TensorTable::read_type_and_shape(PyObject* tensor) const {
  const DType dtype = api_.dtype_of(take(PyObject_GetAttr(tensor, api_.names.dtype)).ptr());
  const nb::object layout = take(PyObject_GetAttr(tensor, api_.names.layout));
  const nb::object shape = layout.is(api_.strided) ? attr_or_null(tensor, api_.names.shape) : nb::object();
  if (shape.is_valid()) return {.layout = {.dtype = dtype, .sizes = dims_of(shape.ptr()), .strides = {}}};
  std::optional<Held> held = held_by(api_, tensor);
  if (!held) throw nb::type_error("a tensor does not tell its shape");
  return {{.dtype = dtype, .sizes = std::move(held->sizes), .strides = {}}, false, held->stored};
}

KnownTensor& TensorTable::insert(PyObject* tensor, Read read) {
  const Id value = static_cast<Id>(trace_.values.size());
  trace_.values.push_back({read.layout.dtype, read.layout.sizes, read.stored});
  KnownTensor& entry = tensors_.emplace_back();
  entry.object = tensor;
  entry.layout = std::move(read.layout);
  entry.plain = read.plain;
  entry.value = value;
  by_object_.insert_or_assign(tensor, &entry);
  return entry;
}

void TensorTable::hold_on(KnownTensor& entry) {
  if (hold) {
    entry.keep = nb::borrow(entry.object);
  } else {
    entry.weak = take(PyWeakref_NewRef(entry.object, nullptr));
  }
}

KnownTensor& TensorTable::insert_own(PyObject* tensor, Read read) {
  KnownTensor& entry = insert(tensor, std::move(read));
  entry.own = true;
  lives ? watch(entry) : hold_on(entry);
  return entry;
}

void TensorTable::watch(KnownTensor& entry) {
  static PyMethodDef method = {"lost",
                               [](PyObject* table, PyObject* reference) -> PyObject* {
                                 static_cast<TensorTable*>(PyCapsule_GetPointer(table, nullptr))->lost(reference);
                                 Py_RETURN_NONE;
                               },
                               METH_O, nullptr};
  if (!callback_.is_valid()) {
    callback_ = take(PyCFunction_New(&method, take(PyCapsule_New(this, nullptr, nullptr)).ptr()));
  }
  entry.weak = take(PyWeakref_NewRef(entry.object, callback_.ptr()));
  by_reference_.emplace(entry.weak.ptr(), &entry);
}

void TensorTable::lost(PyObject* reference) {
  const auto found = by_reference_.find(reference);
  if (found == by_reference_.end()) return;
  KnownTensor& entry = *found->second;
  by_reference_.erase(found);
  const auto known = by_object_.find(entry.object);
  if (known != by_object_.end() && known->second == &entry) by_object_.erase(known);
  if (entry.twin.is_valid()) originals_.erase(entry.twin.ptr());
  entry.object = nullptr;
  lives->lose(entry.value);
  const std::shared_ptr<KnownValues> values = std::move(entry.values);
  const nb::object inside[] = {std::move(entry.weak), std::move(entry.twin), std::move(entry.shadow)};  // go at the end
}

TensorTable::~TensorTable() {
  for (KnownTensor& tensor : tensors_) tensor.weak.reset();  // what goes away from now on is not told
}

KnownTensor& TensorTable::insert_foreign(PyObject* tensor, Read read) {
  const KnownTensor* made = lives ? made_alike(tensor) : nullptr;
  KnownTensor& entry = made ? insert_own(tensor, std::move(read)) : insert(tensor, std::move(read));
  if (made) {
    lives->share(entry.value, made->value, strided(entry));
    return entry;
  }
  hold_on(entry);
  if (lives && entry.plain) lives->take_in(entry.value, tensor, strided(entry), kNone);
  if (real) {  // it may be gone when we ask
    foreign_storages_.insert(storage_of(tensor));
  } else {
    foreign_.push_back(&entry);
  }
  return entry;
}

/// The last tensor made here from the template that this one shares memory with, such as one of another class; or null.
const KnownTensor* TensorTable::made_alike(PyObject* tensor) {
  if (templates_.empty()) return nullptr;
  const std::uintptr_t memory = memory_of(tensor);
  for (const auto& [key, made_from] : templates_) {
    if (memory == 0 || memory_of(made_from.second) != memory) continue;
    const auto last = std::find_if(tensors_.rbegin(), tensors_.rend(), [&](const KnownTensor& entry) {
      return entry.made && entry.object && entry.layout.sizes == made_from.first.sizes &&
             entry.layout.strides == made_from.first.strides && entry.layout.dtype == made_from.first.dtype;
    });
    return last == tensors_.rend() ? nullptr : &*last;
  }
  return nullptr;
}

bool TensorTable::is_foreign(std::uintptr_t storage) {
  for (KnownTensor* tensor : std::exchange(foreign_, {})) {
    if (tensor->keep.is_valid() && !is_meta(*tensor)) foreign_storages_.insert(storage_of(tensor->keep));
  }
  return foreign_storages_.contains(storage);
}

KnownTensor& TensorTable::known(PyObject* tensor) {
  const auto found = by_object_.find(tensor);
  if (found == by_object_.end()) return insert_foreign(tensor, read_type_and_shape(tensor));
  KnownTensor& entry = *found->second;
  if (!hold && !entry.keep.is_valid()) {
    // The object may be another one at the same address, or have changed.
    if (entry.weak.is_valid() && !take(PyObject_CallNoArgs(entry.weak.ptr())).is(nb::handle(tensor))) {
      return insert_foreign(tensor, read_type_and_shape(tensor));
    }
    Read read = read_type_and_shape(tensor);
    const std::int64_t stored = trace_.values[static_cast<std::size_t>(entry.value)].stored;
    if (read.layout.dtype != entry.layout.dtype || read.layout.sizes != entry.layout.sizes || read.stored != stored)
      return insert_foreign(tensor, std::move(read));
  }
  return entry;
}

KnownTensor& TensorTable::add(PyObject* tensor, const KnownTensor* base) {
  KnownTensor& entry = insert_own(tensor, read_type_and_shape(tensor));
  if (!lives || !entry.plain) return entry;
  if (base) {
    lives->share(entry.value, base->value, strided(entry));
  } else {
    lives->take_in(entry.value, tensor, strided(entry), lives->now());
  }
  return entry;
}

std::vector<nb::object> TensorTable::release() {
  std::vector<nb::object> references;
  for (KnownTensor& tensor : tensors_) {
    // Others may be the rest of this table: a view holds what it is a view of.
    const bool watched = lives && tensor.own && tensor.object && tensor.weak.is_valid();
    const bool held = tensor.own && tensor.keep.is_valid() && Py_REFCNT(tensor.object) > 1;
    if ((!watched && !held) || !is_meta(tensor)) continue;
    references.push_back(take(PyWeakref_NewRef(tensor.object, nullptr)));
  }
  by_reference_.clear();
  by_object_.clear();
  inside_.clear();
  templates_.clear();
  tensors_.clear();
  std::erase_if(references, [](const nb::object& reference) { return reference().is_none(); });
  return references;
}

std::vector<Id> TensorTable::strangers(Id first) {
  const auto memory = [](const KnownTensor& tensor) -> std::uintptr_t {
    try {
      return nb::cast<std::uintptr_t>(nb::handle(tensor.object).attr("untyped_storage")().attr("_cdata"));
    } catch (const nb::python_error& error) {  // the wrappers of torch.func have none
      pass_on_interrupt(error);
      return 0;
    }
  };
  std::vector<KnownTensor*> found;
  for (KnownTensor& tensor : tensors_) {
    if (tensor.value >= first && !tensor.own && tensor.keep.is_valid() && api_.is_plain_tensor(tensor.object) &&
        tensor.plain && is_meta(tensor)) {
      found.push_back(&tensor);
    }
  }
  if (found.empty()) return {};
  std::unordered_set<std::uintptr_t> own{0};  // x.data is a tensor that no operator has made
  for (KnownTensor& tensor : tensors_) {
    if (tensor.own && tensor.object && tensor.plain && is_meta(tensor)) own.insert(memory(tensor));
  }
  std::erase_if(found, [&](KnownTensor* tensor) { return own.contains(memory(*tensor)); });
  std::vector<Id> values;
  for (const KnownTensor* tensor : found) values.push_back(tensor->value);
  return values;
}

bool TensorTable::is_own(PyObject* tensor) const {
  const auto found = by_object_.find(tensor);
  return found != by_object_.end() && found->second->own;
}

const std::vector<KnownTensor*>& TensorTable::inside(PyObject* script_object) {
  const auto [slot, fresh] = inside_.try_emplace(script_object);
  if (!fresh) return slot->second;
  const nb::object keep = nb::borrow(script_object);  // its address must not become another's
  for (const nb::object& tensor : unpacked(api_, keep)) {
    KnownTensor& known = insert(tensor.ptr(), read_type_and_shape(tensor.ptr()));
    known.own = true;
    by_object_.erase(tensor.ptr());  // it goes away with this scope: only its sizes are of use
    known.object = script_object;
    known.keep = keep;
    known.plain = false;
    known.place = KnownTensor::Place::real;
    slot->second.push_back(&known);
  }
  return slot->second;
}

void TensorTable::refresh(KnownTensor& tensor) {
  Read read = read_type_and_shape(tensor.object);
  tensor.layout = std::move(read.layout);
  tensor.plain = read.plain;
  tensor.strides_known = false;
  tensor.twin.reset();
  const Id before = std::exchange(tensor.value, static_cast<Id>(trace_.values.size()));
  trace_.values.push_back({tensor.layout.dtype, tensor.layout.sizes, read.stored});
  if (trace_.training) tensor.before = before;
  if (!lives || !tensor.plain) return;
  lives->share(tensor.value, before, strided(tensor));
  lives->lose(before);
  lives->resize(tensor.value, tensor.layout);
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
    const NotTheForward we_do;
    const nb::object meta = take(PyObject_GetAttr(tensor.object, api_.names.is_meta));
    tensor.place = meta.is(nb::bool_(true)) ? KnownTensor::Place::meta : KnownTensor::Place::real;
  }
  return tensor.place == KnownTensor::Place::meta;
}

void TensorTable::require_form(const KnownTensor& tensor) const {
  if (tensor.plain || real) return;
  PyErr_SetString(PyExc_NotImplementedError,
                  "a sparse, nested or packed tensor has no meta form that tells what it holds");
  throw nb::python_error();
}

PyObject* TensorTable::meta_of(KnownTensor& tensor) {
  require_form(tensor);
  if (is_meta(tensor)) return tensor.object;
  if (!tensor.twin.is_valid()) {
    tensor.twin = api_.new_meta(strided(tensor));
    originals_.emplace(tensor.twin.ptr(), tensor.object);
    if (lives) lives->also_in(tensor.value, tensor.twin);
  }
  return tensor.twin.ptr();
}

PyObject* TensorTable::original_of(PyObject* twin) const {
  const auto found = originals_.find(twin);
  return found == originals_.end() ? nullptr : found->second;
}

KnownTensor& TensorTable::insert_made(PyObject* tensor, Strided layout) {
  KnownTensor& entry = insert_own(tensor, {.layout = std::move(layout)});
  entry.place = KnownTensor::Place::meta;
  entry.strides_known = true;
  entry.made = true;
  return entry;
}

nb::object TensorTable::make(Strided layout, const KnownTensor* base) {
  nb::object result = share ? detached(layout) : api_.new_meta(layout);
  KnownTensor& entry = insert_made(result.ptr(), std::move(layout));
  if (lives && base) {
    lives->share(entry.value, base->value, entry.layout);
  } else if (lives) {
    lives->make(entry.value, entry.layout);
  }
  return result;
}

nb::object TensorTable::make_shadowed(nb::object real) {
  Strided layout = read_type_and_shape(real.ptr()).layout;
  layout.strides = dims_of(take(PyObject_CallMethodNoArgs(real.ptr(), api_.names.stride)).ptr());
  nb::object result = share ? detached(layout) : api_.new_meta(layout);
  KnownTensor& entry = insert_made(result.ptr(), std::move(layout));
  if (lives) lives->take_in(entry.value, real, entry.layout, lives->now());
  entry.constant = true;
  entry.shadow = std::move(real);
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
  return take(PyObject_GetAttr(source, api_.names.data));  // a detached copy, past the dispatcher
}

}  // namespace thoplw::capture

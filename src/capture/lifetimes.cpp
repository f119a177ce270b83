// Counts the tensors that are alive in each piece of memory.
#include "capture/lifetimes.h"

#include <algorithm>

#include "capture/questions.h"
#include "operators/shape/strides.h"

namespace thoplw::capture {
namespace {

/// How much torch allocates for a tensor: to the last element, wherever strides lead.
Count bytes_of(const Strided& layout) {
  Count last = 0;
  for (std::size_t i = 0; i < layout.sizes.size(); ++i) {
    if (layout.sizes[i] == 0) return 0;
    last += Count(layout.sizes[i] - 1) * Count(layout.strides[i]);
  }
  return (last + Count(1)) * Count(std::max(bits(layout.dtype) / 8, 1));
}

nb::object storage_object(nb::handle tensor) {
  static PyObject* name = interned("untyped_storage");
  const NotTheForward we_do;
  nb::object storage = nb::steal(PyObject_CallMethodNoArgs(tensor.ptr(), name));
  if (storage.is_valid()) return storage;
  if (!PyErr_ExceptionMatches(PyExc_Exception)) throw nb::python_error();
  PyErr_Clear();  // sparse tensors and wrappers have none
  return {};
}

std::uintptr_t address_of(const nb::object& storage) {
  static PyObject* name = interned("_cdata");
  return storage.is_valid() ? nb::cast<std::uintptr_t>(take(PyObject_GetAttr(storage.ptr(), name))) : 0;
}

Count size_of(const nb::object& storage) {
  static PyObject* name = interned("nbytes");
  return nb::cast<std::int64_t>(take(PyObject_CallMethodNoArgs(storage.ptr(), name)));
}

}  // namespace

std::uintptr_t memory_of(nb::handle tensor) { return address_of(storage_object(tensor)); }

Place& Lifetimes::place_of(Id value) {
  auto& places = trace_.memory.places;
  if (places.size() <= static_cast<std::size_t>(value)) places.resize(static_cast<std::size_t>(value) + 1);
  return places[static_cast<std::size_t>(value)];
}

Id Lifetimes::add(Count bytes, Id born) {
  const Id id = static_cast<Id>(trace_.memory.storages.size());
  trace_.memory.storages.push_back({.bytes = bytes, .born = born});
  tensors_.push_back(0);
  torchs_.emplace_back();
  return id;
}

void Lifetimes::lie(Id value, Id storage, const Strided& layout) {
  Place& place = place_of(value);
  place.storage = storage;
  if (!shape::is_contiguous(layout)) place.strides = layout.strides;
  ++tensors_[static_cast<std::size_t>(storage)];
}

void Lifetimes::make(Id value, const Strided& layout) { lie(value, add(bytes_of(layout), now()), layout); }

void Lifetimes::share(Id value, Id with, const Strided& layout) {
  const Id storage = place_of(with).storage;
  if (storage != kNone) lie(value, storage, layout);
}

void Lifetimes::take_in(Id value, nb::handle tensor, const Strided& layout, Id born) {
  const nb::object memory = storage_object(tensor);
  const std::uintptr_t address = address_of(memory);
  if (address == 0) return;
  const auto [found, fresh] = by_address_.try_emplace(address, kNone);
  if (fresh) {
    found->second = add(size_of(memory), born);
    torchs_[static_cast<std::size_t>(found->second)].push_back({address, memory});
  }
  lie(value, found->second, layout);
}

void Lifetimes::also_in(Id value, nb::handle tensor) {
  const Id storage = place_of(value).storage;
  const nb::object memory = storage_object(tensor);
  const std::uintptr_t address = address_of(memory);
  if (storage == kNone || address == 0 || !by_address_.try_emplace(address, storage).second) return;
  torchs_[static_cast<std::size_t>(storage)].push_back({address, memory});
}

void Lifetimes::resize(Id value, const Strided& layout) {
  const Id storage = place_of(value).storage;
  if (storage == kNone) return;
  Count& bytes = trace_.memory.storages[static_cast<std::size_t>(storage)].bytes;
  bytes = std::max(bytes, bytes_of(layout));
}

void Lifetimes::lose(Id value) {
  if (over_) return;
  const Id storage = place_of(value).storage;
  if (storage == kNone) return;
  const auto index = static_cast<std::size_t>(storage);
  if (--tensors_[index] > 0) return;
  trace_.memory.storages[index].died = now();
  for (const Torchs& torchs : torchs_[index]) by_address_.erase(torchs.address);
  torchs_[index].clear();
}

bool Lifetimes::anything_stays() const {
  std::vector<bool> given(tensors_.size(), false);
  for (const Call& call : trace_.calls) {
    if (call.parent != kNone) continue;
    for (const Id value : call.out) {
      const auto place = static_cast<std::size_t>(value);
      if (value != kNone && place < trace_.memory.places.size() && trace_.memory.places[place].storage != kNone) {
        given[static_cast<std::size_t>(trace_.memory.places[place].storage)] = true;
      }
    }
  }
  for (std::size_t s = 0; s < tensors_.size(); ++s) {
    if (tensors_[s] > 0 && !given[s] && trace_.memory.storages[s].born != kNone) return true;
  }
  return false;
}

void Lifetimes::stop() {
  over_ = true;
  for (Storage& storage : trace_.memory.storages) {
    if (storage.born != kNone) storage.born = std::min(storage.born, now());
  }
  if (!trace_.values.empty()) place_of(static_cast<Id>(trace_.values.size()) - 1);
}

void Lifetimes::forget() {
  over_ = true;
  trace_.memory = {};
}

}  // namespace thoplw::capture

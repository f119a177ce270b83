// Copies a whole storage before the first write to it, so that views and later writes need no care.
#include "capture/writes.h"

#include "capture/grad_mode.h"
#include "capture/tensor_setters.h"

namespace thoplw::capture {

std::uintptr_t storage_of(nb::handle tensor) {
  try {
    return nb::cast<std::uintptr_t>(tensor.attr("untyped_storage")().attr("data_ptr")());
  } catch (const nb::python_error& error) {  // a sparse tensor has no storage
    pass_on_interrupt(error);
    return 0;
  }
}

void keep_before_write(Pass& pass, PyObject* tensor) {
  const nb::object object = nb::borrow(tensor);
  if (nb::cast<bool>(object.attr("is_meta"))) return;
  const std::uintptr_t address = storage_of(object);
  if (address ? !pass.tensors.is_foreign(address) : pass.tensors.is_own(tensor)) return;
  keep_data(pass, tensor);  // it may be resized, too
  const auto [found, fresh] =
      pass.overwritten.try_emplace(address ? address : reinterpret_cast<std::uintptr_t>(tensor));
  if (!fresh) return;
  const nb::object place = address ? object.attr("untyped_storage")() : object.attr("data");
  found->second = {place, place.attr("clone")()};
}

void count_write(Pass& pass, nb::handle tensor) {
  std::int64_t& writes = pass.writes[storage_of(tensor)];
  if (writes != kNotCounted) ++writes;
}

void stop_counting_writes(Pass& pass, nb::handle tensor) { pass.writes[storage_of(tensor)] = kNotCounted; }

void restore_overwritten(Pass& pass) {
  if (pass.overwritten.empty()) return;
  // Tensors that were made under inference mode can only be written to under it. Frozen models are full of them.
  const GradMode grad(pass.api, Grad::inference);
  for (const auto& [address, kept] : pass.overwritten) {
    const auto& [place, before] = kept;
    const bool storage = !pass.api.is_tensor(place.ptr());
    if (storage && nb::len(place) != nb::len(before)) place.attr("resize_")(nb::len(before));
    place.attr("copy_")(before);
  }
}

}  // namespace thoplw::capture

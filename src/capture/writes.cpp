// Keeps a whole storage, once: views of it and later writes to it are then of no account.
#include "capture/writes.h"

#include "capture/grad_mode.h"
#include "capture/tensor_setters.h"

namespace thoplw::capture {

std::uintptr_t storage_of(nb::handle tensor) {
  try {
    return nb::cast<std::uintptr_t>(tensor.attr("untyped_storage")().attr("data_ptr")());
  } catch (const nb::python_error& error) {  // a sparse tensor has none
    pass_on_interrupt(error);
    return 0;
  }
}

void keep_before_write(Session& session, PyObject* tensor) {
  const nb::object object = nb::borrow(tensor);
  if (nb::cast<bool>(object.attr("is_meta"))) return;
  const std::uintptr_t address = storage_of(object);
  if (address ? !session.tensors.is_foreign(address) : session.tensors.is_own(tensor)) return;
  keep_data(session, tensor);  // it may be resized, too
  const auto [found, fresh] =
      session.overwritten.try_emplace(address ? address : reinterpret_cast<std::uintptr_t>(tensor));
  if (!fresh) return;
  const nb::object place = address ? object.attr("untyped_storage")() : object.attr("data");
  found->second = {place, place.attr("clone")()};
}

void restore_overwritten(Session& session) {
  if (session.overwritten.empty()) return;
  // Which alone may write to what was made in it: frozen models are full of that.
  const GradMode grad(session.api, Grad::inference);
  for (const auto& [address, kept] : session.overwritten) {
    const auto& [place, before] = kept;
    const bool storage = !session.api.is_tensor(place.ptr());
    if (storage && nb::len(place) != nb::len(before)) place.attr("resize_")(nb::len(before));
    place.attr("copy_")(before);
  }
}

}  // namespace thoplw::capture

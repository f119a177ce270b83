// Clones what a real operator is about to overwrite, where it is not the pass's own.
#include "capture/writes.h"

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
  if (session.external_storages.empty()) {
    for (const nb::object& external : session.external_tensors) {
      if (!nb::cast<bool>(external.attr("is_meta"))) session.external_storages.insert(storage_of(external));
    }
  }
  if (!session.external_storages.contains(storage_of(object))) return;
  session.overwritten.emplace_back(object, object.attr("clone")());
}

void restore_overwritten(Session& session) {
  for (auto at = session.overwritten.rbegin(); at != session.overwritten.rend(); ++at) {
    const nb::object shape = at->second.attr("shape");
    if (!nb::object(at->first.attr("shape")).equal(shape)) at->first.attr("resize_")(shape);
    at->first.attr("data").attr("copy_")(at->second);
  }
  session.overwritten.clear();
}

}  // namespace thoplw::capture

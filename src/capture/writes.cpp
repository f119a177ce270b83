// Clones what a real operator is about to overwrite, where it is not the pass's own.
#include "capture/writes.h"

namespace thoplw::capture {

void keep_before_write(Session& session, PyObject* tensor) {
  const nb::object object = nb::borrow(tensor);
  const auto storage_of = [](const nb::object& of) {
    return nb::cast<std::uintptr_t>(of.attr("untyped_storage")().attr("data_ptr")());
  };
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
    at->first.attr("data").attr("copy_")(at->second);
  }
  session.overwritten.clear();
}

}  // namespace thoplw::capture
